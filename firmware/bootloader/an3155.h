/* ST's AN3155, the USART protocol of the STM32 bootloaders, as the resident bootloader implements
 * it. */
#ifndef SBNN_BOOTLOADER_AN3155_H
#define SBNN_BOOTLOADER_AN3155_H

#include <stdbool.h>
#include <stdint.h>

/* Wait for a host's call (a byte 0x7F) until counter_clock() reaches `deadline`, and acknowledge it.
 * Returns whether there was one. */
bool an3155_called(uint64_t deadline);

/* Serve commands until a Go to an application whose image is whole.
 *
 * A host may read all of the flash, unless SBNN_SENDS_FLASH is 0, and write and erase the application
 * slot. A command that is not complete in time is dropped without an answer. A wrong command is
 * answered by a NACK once the line is quiet, so that host and device begin the next command at the same
 * byte. */
void an3155_serve(void);

#endif
