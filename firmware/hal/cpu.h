/* The processor core. */
#ifndef SBNN_HAL_CPU_H
#define SBNN_HAL_CPU_H

#include <stdint.h>
#include <stdnoreturn.h>

/* Hold all interrupts; returns what cpu_unmask takes to restore the state before. */
uint32_t cpu_mask(void);
void cpu_unmask(uint32_t state);

/* Sleep until an interrupt pends. It wakes a masked core too, so that
 * mask, look, sleep, unmask cannot miss the event it waits for. */
void cpu_sleep(void);

/* Let interrupt `number` in. */
void cpu_enable_interrupt(uint32_t number);

/* What was written is seen by all, what follows is fetched anew. */
void cpu_barrier(void);

/* Switch on the caches that the core has. For the application, not for a program that writes flash
 * behind them. */
void cpu_use_caches(void);

/* Leave for the image whose vector table (or first instruction, where a core begins with one) stands at
 * `vectors`, the core as a reset leaves it: no
 * interrupt enabled or pending, no system timer, no protected memory. */
noreturn void cpu_start(uint32_t vectors);

/* Reset the chip; RAM keeps its contents. */
noreturn void cpu_reset(void);

#endif
