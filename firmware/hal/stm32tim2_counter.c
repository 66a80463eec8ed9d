/* TIM2 of an STM32, a 32-bit counter extended to 64 bits. SysTick only wakes the core and reads TIM2
 * often enough to notice every wrap. The board's set-up switches TIM2's clock on. */
#include "board.h"
#include "hal/cortex_m.h"
#include "hal/counter.h"
#include "hal/cpu.h"

#define TIM2 0x40000000u
#define TIM2_CR1 REGISTER(TIM2 + 0x00u)
#define TIM2_CR1_ENABLE 1u
#define TIM2_EGR REGISTER(TIM2 + 0x14u)
#define TIM2_EGR_UPDATE 1u /* loads prescaler and reload value, and clears the count */
#define TIM2_CNT REGISTER(TIM2 + 0x24u)
#define TIM2_PSC REGISTER(TIM2 + 0x28u)
#define TIM2_ARR REGISTER(TIM2 + 0x2Cu)

#define WAIT_PERIOD (1u << 20) /* core clocks: 65 ms at 16 MHz, 5 ms at 200 MHz */
#define LONGEST_PERIOD (1u << 24)

static uint32_t low;  /* TIM2's count as last read */
static uint32_t high; /* how often it had wrapped by then */

/* Call it with interrupts masked, and at least once in 2^32 ticks: systick_interrupt makes sure of
 * that. */
static uint64_t count_held(void) {
    const uint32_t now = TIM2_CNT;
    if (now < low) {
        high++;
    }
    low = now;
    return (uint64_t)high << 32 | now;
}

void systick_interrupt(void) {
    (void)counter_clock();
}

static void begin_period(uint32_t cycles) {
    SYST_RVR = cycles - 1u;
    SYST_CVR = 0;
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    cortex_m_barrier();
}

void counter_open(void) {
    TIM2_CR1 = 0;
    TIM2_PSC = 0;
    TIM2_ARR = 0xFFFFFFFFu;
    TIM2_EGR = TIM2_EGR_UPDATE;
    TIM2_CR1 = TIM2_CR1_ENABLE;
    low = TIM2_CNT;
    high = 0;
    begin_period(WAIT_PERIOD);
    SYST_CSR = SYST_CSR_CLKSOURCE | SYST_CSR_TICKINT | SYST_CSR_ENABLE;
}

const char *counter_name(void) {
    return "tim2";
}

uint64_t counter_clock(void) {
    const uint32_t state = cpu_mask();
    const uint64_t now = count_held();
    cpu_unmask(state);
    return now;
}

uint64_t counter_now(void) {
    return counter_clock();
}

void counter_wait_mode(void) {
    begin_period(WAIT_PERIOD);
}

void counter_measure_mode(void) {
    begin_period(LONGEST_PERIOD);
}
