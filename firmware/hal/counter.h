/* Time, in ticks of SBNN_COUNTER_HZ since counter_open.
 *
 * A driver is a file hal/<driver>_counter.c that defines these. */
#ifndef SBNN_HAL_COUNTER_H
#define SBNN_HAL_COUNTER_H

#include <stdint.h>

/* Find out which counter counts, and start it. */
void counter_open(void);

/* "dwt" (processor cycles), or the timer whose ticks counter_now reads: "systick", "tim2". */
const char *counter_name(void);

/* The count that measurements are made of, without the ticks that the timer's own interrupts take where
 * it needs them. Never goes back. */
uint64_t counter_now(void);

/* The count that deadlines are made of: it goes on while the core sleeps. Never goes back. */
uint64_t counter_clock(void);

/* The timer interrupts (and so wakes the core) every so many ticks from now on: often for waiting... */
void counter_wait_mode(void);

/* ...and as seldom as it can for measuring. Each call begins a new period, so that the same work
 * measured again meets the same interrupts. */
void counter_measure_mode(void);

#endif
