/* The processor core. */
#ifndef SBNN_HAL_CPU_H
#define SBNN_HAL_CPU_H

#include <stdint.h>
#include <stdnoreturn.h>

/* Mask all interrupts. Returns the previous state, which cpu_unmask restores. */
uint32_t cpu_mask(void);
void cpu_unmask(uint32_t state);

/* Sleep until an interrupt is pending. A masked interrupt wakes the core too, so the sequence "mask,
 * check, sleep, unmask" cannot miss the event that it waits for. */
void cpu_sleep(void);

/* Enable interrupt `number`. */
void cpu_enable_interrupt(uint32_t number);

/* Wait until earlier writes are visible to all, then fetch the following instructions again. */
void cpu_barrier(void);

/* Switch on the caches that the core has. Only the application does so: the caches would hold old
 * contents of flash that the bootloader writes. */
void cpu_use_caches(void);

/* Start the image whose vector table (or first instruction, where a core begins with one) is at
 * `vectors`. The core is as a reset leaves it: no interrupt enabled or pending, no system timer, no
 * protected memory. */
noreturn void cpu_start(uint32_t vectors);

/* Reset the chip; RAM keeps its contents. */
noreturn void cpu_reset(void);

#endif
