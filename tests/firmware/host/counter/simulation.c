/* SysTick and CYCCNT in simulated time, for systick_counter.c. The test drives it through ctypes. */
#include <stdbool.h>
#include <stdint.h>

#include "hal/cortex_m.h"
#include "hal/counter.h"
#include "hal/cpu.h"

volatile uint32_t simulated_rvr, simulated_csr, simulated_demcr;

static volatile uint32_t cvr, icsr, cyccnt, dwt_ctrl, dwt_lar;
static uint32_t kept_ctrl; /* DWT_CTRL without the writes that the lock refused */
static bool locked; /* a Cortex-M7's DWT takes no writes before the key is in its lock register */
static uint32_t shown_cvr;  /* what the program read last; any other value means that it wrote */
static uint32_t shown_icsr; /* the same for ICSR */
static uint64_t truth;      /* ticks since the timer was started */
static uint32_t value;      /* the timer's current value */
static bool pending, masked, in_handler, has_cycles;
static uint64_t cycles;
static uint32_t step_most;
static uint32_t randomness = 1;

static uint32_t random_below(uint32_t bound) {
    /* The generator of Numerical Recipes; its lowest bits repeat soon, and are not used. */
    randomness = randomness * 1664525u + 1013904223u;
    return bound == 0u ? 0u : (randomness >> 8) % bound;
}

static void take_writes(void) {
    if (cvr != shown_cvr) {
        value = 0;
    }
    if (icsr != shown_icsr && (icsr & SCB_ICSR_PENDSTCLR)) {
        pending = false;
    }
    shown_cvr = cvr;
    shown_icsr = icsr = 0;
    if (locked) {
        dwt_ctrl = kept_ctrl;
    }
    kept_ctrl = dwt_ctrl;
    locked = locked && dwt_lar != DWT_LAR_KEY;
}

static void deliver(void) {
    if (pending && !masked && !in_handler) {
        pending = false;
        in_handler = true;
        systick_interrupt();
        in_handler = false;
    }
}

static void pass(uint32_t ticks) {
    for (; ticks > 0u; ticks--) {
        cycles++;
        if (!(simulated_csr & SYST_CSR_ENABLE)) {
            continue;
        }
        truth++;
        if (value == 0u) {
            value = simulated_rvr;
        } else if (--value == 0u) {
            pending = true;
        }
    }
    deliver();
}

volatile uint32_t *simulated_cvr(void) {
    take_writes();
    pass(random_below(step_most + 1u));
    shown_cvr = cvr = value;
    return &cvr;
}

volatile uint32_t *simulated_icsr(void) {
    take_writes();
    pass(random_below(step_most + 1u));
    shown_icsr = icsr = pending ? SCB_ICSR_PENDSTSET : 0u;
    return &icsr;
}

volatile uint32_t *simulated_cyccnt(void) {
    take_writes();
    pass(1u + random_below(step_most + 1u));
    cyccnt = has_cycles && (dwt_ctrl & DWT_CTRL_CYCCNTENA) ? (uint32_t)cycles : 0u;
    return &cyccnt;
}

volatile uint32_t *simulated_dwt_ctrl(void) {
    take_writes();
    return &dwt_ctrl;
}

volatile uint32_t *simulated_dwt_lar(void) {
    take_writes();
    return &dwt_lar;
}

uint32_t cpu_mask(void) {
    take_writes();
    const uint32_t before = masked;
    masked = true;
    return before;
}

void cpu_unmask(uint32_t state) {
    take_writes();
    masked = state != 0u;
    deliver();
}

/* Start again. `start_cycles` is CYCCNT's value before the first tick, if the core has that counter. */
void simulation_begin(uint32_t seed, uint32_t most, bool with_cycles, uint64_t start_cycles) {
    randomness = seed;
    step_most = most;
    has_cycles = with_cycles;
    cycles = start_cycles;
    simulated_csr = simulated_rvr = 0;
    dwt_ctrl = kept_ctrl = dwt_lar = 0;
    locked = true;
    cvr = icsr = shown_cvr = shown_icsr = 0;
    value = 0;
    pending = masked = in_handler = false;
    truth = 0;
    counter_open();
}

void simulation_pass(uint32_t ticks) {
    take_writes();
    while (ticks > 0u) { /* tick by tick, so that an interrupt that is not masked comes in time */
        pass(1);
        ticks--;
    }
}

uint64_t simulation_truth(void) {
    return truth;
}
