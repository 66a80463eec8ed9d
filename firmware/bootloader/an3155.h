/* ST's AN3155, the USART protocol of the STM32 bootloaders, as the resident bootloader speaks it. */
#ifndef SBNN_BOOTLOADER_AN3155_H
#define SBNN_BOOTLOADER_AN3155_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a host calls (a byte 0x7F) until counter_clock() reaches `deadline`; the call is
 * acknowledged. */
bool an3155_called(uint64_t deadline);

/* Serve commands until a Go to the application is accepted, which it is only if its image is whole.
 *
 * Reading is allowed in all of the flash, writing and erasing in the application slot. A command that
 * is not complete in time is forgotten without a word. What is wrong is answered by a NACK once the
 * line is quiet, so that host and device begin the next command together. */
void an3155_serve(void);

#endif
