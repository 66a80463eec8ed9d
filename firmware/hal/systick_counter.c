/* DWT's cycle counter where it counts, else SysTick. Both count the processor's clock and are extended
 * to 64 bits. */
#include <stdbool.h>

#include "board.h"
#include "hal/cortex_m.h"
#include "hal/counter.h"
#include "hal/cpu.h"

#define LONGEST_PERIOD (1u << 24)
#define WAIT_PERIOD (SBNN_COUNTER_HZ / 100u) /* 10 ms: the resolution of deadlines */

_Static_assert(WAIT_PERIOD > 1u && WAIT_PERIOD <= LONGEST_PERIOD, "SysTick has 24 bits");

static volatile uint64_t past;   /* ticks of all completed periods */
static volatile uint32_t period; /* ticks of the current period */
static volatile uint64_t taken;  /* ticks spent in systick_interrupt */
static bool cycles;              /* whether CYCCNT counts */
static uint32_t cycles_low;      /* CYCCNT's value as last read */
static uint32_t cycles_high;     /* how often it had wrapped by then */

/* SysTick's value, but never 0: during that one tick its interrupt may be pending, running or already
 * done, so the value would be ambiguous. */
static uint32_t running_value(void) {
    uint32_t value;
    do {
        value = SYST_CVR;
    } while (value == 0u);
    return value;
}

/* Call it with interrupts masked. The value counts down from period - 1 to 0; the interrupt becomes
 * pending when it reaches 0. */
static uint64_t clock_held(void) {
    uint32_t value = running_value();
    uint64_t begun = past;
    /* The timer has wrapped, perhaps only after `value` was read: read it again. */
    if (SCB_ICSR & SCB_ICSR_PENDSTSET) {
        value = running_value();
        begun += period;
    }
    return begun + (period - value);
}

/* Call it with interrupts masked, and at least once in 2^32 cycles: systick_interrupt makes sure of
 * that. */
static uint64_t cycles_held(void) {
    const uint32_t low = DWT_CYCCNT;
    if (low < cycles_low) {
        cycles_high++;
    }
    cycles_low = low;
    return (uint64_t)cycles_high << 32 | low;
}

void systick_interrupt(void) {
    const uint32_t state = cpu_mask();
    const uint32_t entered = running_value();
    past += period;
    if (cycles) {
        (void)cycles_held();
    }
    const uint32_t left = running_value();
    taken += entered >= left ? entered - left : entered + (period - left);
    cpu_unmask(state);
}

/* Start a period of this many ticks. Writing SYST_CVR clears it without an interrupt; the total count
 * goes on, because `past` takes over what was counted so far. */
static void begin_period(uint32_t ticks) {
    const uint32_t state = cpu_mask();
    past = clock_held();
    period = ticks;
    SYST_RVR = ticks - 1u;
    SYST_CVR = 0;
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    cortex_m_barrier();
    cpu_unmask(state);
}

/* Start CYCCNT and return whether it counts. It does not count in emulators, nor where a debugger's
 * lock forbids it; a baseline core has none. */
static bool start_cycles(void) {
    if (CORTEX_M_BASELINE) {
        return false;
    }
    SCB_DEMCR |= SCB_DEMCR_TRCENA;
    /* A Cortex-M7 locks the DWT's registers (Arm DDI 0489, CoreSight software lock); others ignore
     * this. */
    DWT_LAR = DWT_LAR_KEY;
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
    cortex_m_barrier();
    /* Long enough that a counter which counts has moved. */
    const uint32_t before = DWT_CYCCNT;
    for (int i = 0; i < 64; i++) {
        __asm volatile("nop");
    }
    return DWT_CYCCNT != before;
}

void counter_open(void) {
    cycles = start_cycles();

    past = taken = 0;
    period = WAIT_PERIOD;
    SYST_RVR = WAIT_PERIOD - 1u;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_CLKSOURCE | SYST_CSR_TICKINT | SYST_CSR_ENABLE;
}

const char *counter_name(void) {
    return cycles ? "dwt" : "systick";
}

uint64_t counter_clock(void) {
    const uint32_t state = cpu_mask();
    const uint64_t now = clock_held();
    cpu_unmask(state);
    return now;
}

uint64_t counter_now(void) {
    const uint32_t state = cpu_mask();
    const uint64_t now = (cycles ? cycles_held() : clock_held()) - taken;
    cpu_unmask(state);
    return now;
}

void counter_wait_mode(void) {
    begin_period(WAIT_PERIOD);
}

void counter_measure_mode(void) {
    begin_period(LONGEST_PERIOD);
}
