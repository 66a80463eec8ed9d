/* The cycle counter of a RISC-V core. Deadlines use the chip's timer, because the cycle counter may
 * stop while the core sleeps. */
#include "hal/counter.h"
#include "hal/riscv.h"

/* The counter need not be started: it counts since reset. */
void counter_open(void) {
}

const char *counter_name(void) {
    return "mcycle";
}

uint64_t counter_now(void) {
    uint32_t high, low;
    do {
        high = RISCV_READ(mcycleh);
        low = RISCV_READ(mcycle);
    } while (high != RISCV_READ(mcycleh));
    return (uint64_t)high << 32 | low;
}

uint64_t counter_clock(void) {
    return soc_clock();
}

/* The timer interrupts only the core's sleep, so there is no period to change. */
void counter_wait_mode(void) {
}

void counter_measure_mode(void) {
}
