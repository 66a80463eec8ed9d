/* Waits for hardware that always end. */
#ifndef SBNN_HAL_WAIT_H
#define SBNN_HAL_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"

/* Numbers of reads, for limits that nothing which works reaches. A read and its loop take at least four
 * clocks of the core. An oscillator or a PLL: at least 12 ms at 64 MHz, the fastest clock after a
 * reset, where a crystal takes 2 ms (ST's data sheets, "HSE oscillator characteristics"). The UART's
 * buffers: more than 512 bits, the time of 46 bytes. The flash: eight seconds, where a sector takes
 * four. */
#define WAIT_CLOCK 200000u
#define WAIT_UART (128u * (SBNN_COUNTER_HZ / SBNN_UART_BAUD + 1u))
#define WAIT_FLASH (2u * SBNN_COUNTER_HZ)

/* Read the register until its bits `bits` equal `until`, at most `reads` times. Returns whether they
 * do. */
bool wait_until(uint32_t address, uint32_t bits, uint32_t until, uint32_t reads);

/* The same for a register of one byte. */
bool wait_until_byte(uint32_t address, uint8_t bits, uint8_t until, uint32_t reads);

#endif
