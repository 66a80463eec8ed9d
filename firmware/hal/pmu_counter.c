/* The cycle counter of an AArch64 core's performance monitors where it counts, else the generic timer.
 * Deadlines always use the timer, because the cycle counter stops while the core sleeps. */
#include <stdbool.h>

#include "board.h"
#include "hal/aarch64.h"
#include "hal/counter.h"

static bool cycles; /* whether the cycle counter counts */

void counter_open(void) {
    AARCH64_WRITE(pmccfiltr_el0, 0);
    AARCH64_WRITE(pmcr_el0, PMCR_ENABLE | PMCR_LONG);
    AARCH64_WRITE(pmcntenset_el0, PMCNTEN_CYCLES);
    aarch64_barrier();
    const uint64_t before = AARCH64_READ(pmccntr_el0);
    /* Long enough that a counter which counts has moved. */
    for (int i = 0; i < 64; i++) {
        __asm volatile("nop");
    }
    cycles = AARCH64_READ(pmccntr_el0) != before;
}

const char *counter_name(void) {
    return cycles ? "pmccntr" : "cntpct";
}

/* Converted from the timer's own frequency to ticks of SBNN_COUNTER_HZ. Whole seconds and the rest are
 * converted separately, so that no product overflows. */
uint64_t counter_clock(void) {
    aarch64_barrier();
    const uint64_t frequency = AARCH64_READ(cntfrq_el0);
    const uint64_t count = AARCH64_READ(cntpct_el0);
    return count / frequency * SBNN_COUNTER_HZ + count % frequency * SBNN_COUNTER_HZ / frequency;
}

uint64_t counter_now(void) {
    return cycles ? AARCH64_READ(pmccntr_el0) : counter_clock();
}

/* Interrupts are always masked, so there is no period to change. */
void counter_wait_mode(void) {
}

void counter_measure_mode(void) {
}
