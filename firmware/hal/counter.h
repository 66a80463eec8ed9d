/* Time, in ticks of SBNN_COUNTER_HZ since counter_open.
 *
 * A driver is a file hal/<driver>_counter.c that defines these. */
#ifndef SBNN_HAL_COUNTER_H
#define SBNN_HAL_COUNTER_H

#include <stdint.h>

/* Start the counter. Where a core may lack one, find out first which one counts. */
void counter_open(void);

/* The name of the counter that counter_now reads: "dwt" (processor cycles), "systick", "tim2", ... */
const char *counter_name(void);

/* The count for measurements. It excludes the ticks that the timer's own interrupts take. Never goes
 * back. */
uint64_t counter_now(void);

/* The count for deadlines: it goes on while the core sleeps. Never goes back. */
uint64_t counter_clock(void);

/* Set the period of the timer's interrupt, which wakes the core: short, so that a wait ends in
 * time... */
void counter_wait_mode(void);

/* ...or as long as possible, for measuring. Each call begins a new period, so that a repeated
 * measurement of the same work has its interrupts at the same places. */
void counter_measure_mode(void);

#endif
