/* The system timer of an ESP32-C3, which its soc file reads: 16 MHz, whatever clock the core has. */
#include "hal/counter.h"
#include "hal/riscv.h"

/* The set-up starts it. */
void counter_open(void) {
}

const char *counter_name(void) {
    return "systimer";
}

uint64_t counter_now(void) {
    return soc_clock();
}

uint64_t counter_clock(void) {
    return soc_clock();
}

/* Its alarm ends only the core's sleep, so there is no period to change. */
void counter_wait_mode(void) {
}

void counter_measure_mode(void) {
}
