/* Counts instructions where QEMU's plugin counts them, else nanoseconds of Linux's monotonic clock. */
#include <stdbool.h>

#include "board.h"
#include "hal/counter.h"
#include "hal/linux.h"

#define MONOTONIC 1

_Static_assert(SBNN_COUNTER_HZ == 1000000000u, "a tick is a nanosecond or an instruction");

/* The plugin (sensor_bnn/emulation/instruction_plugin.c) finds this variable by its name and adds 1 per
 * instruction. */
extern volatile uint64_t linux_instructions;
volatile uint64_t linux_instructions;

static bool emulated; /* whether the plugin counts */

void counter_open(void) {
    const uint64_t before = linux_instructions;
    for (int i = 0; i < 64; i++) {
        __asm volatile("nop");
    }
    emulated = linux_instructions != before;
}

const char *counter_name(void) {
    return emulated ? "instructions" : "monotonic";
}

uint64_t counter_clock(void) {
    linux_time now;
    (void)linux_call(LINUX_CLOCK_GETTIME, MONOTONIC, (intptr_t)&now, 0, 0, 0);
    return (uint64_t)now.seconds * SBNN_COUNTER_HZ + (uint64_t)now.nanoseconds;
}

uint64_t counter_now(void) {
    return emulated ? linux_instructions : counter_clock();
}

void counter_wait_mode(void) {
}

void counter_measure_mode(void) {
}
