#include "hal/cortex_m.h"

#include "hal/cpu.h"

uint32_t cpu_mask(void) {
    uint32_t state;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(state)::"memory");
    return state;
}

void cpu_unmask(uint32_t state) {
    __asm volatile("msr primask, %0" ::"r"(state) : "memory");
}

void cpu_sleep(void) {
    __asm volatile("dsb\n wfi" ::: "memory");
}

void cpu_enable_interrupt(uint32_t number) {
    NVIC_ISER(number / 32u) = 1u << (number % 32u);
}

noreturn void cpu_start(uint32_t vectors) {
    SYST_CSR = 0;
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    for (uint32_t i = 0; i < NVIC_REGISTERS; i++) {
        NVIC_ICER(i) = 0xFFFFFFFFu;
        NVIC_ICPR(i) = 0xFFFFFFFFu;
    }
    MPU_CTRL = 0;
    SCB_VTOR = vectors;
    cortex_m_barrier();
    /* The main stack again, as after a reset, and from the new table. */
    __asm volatile("ldr r1, [%0]\n"
                   "ldr r2, [%0, #4]\n"
                   "movs r0, #0\n"
                   "msr msp, r1\n"
                   "msr control, r0\n"
                   "isb\n"
                   "bx r2\n" ::"r"(vectors)
                   : "r0", "r1", "r2", "memory");
    __builtin_unreachable();
}

noreturn void cpu_reset(void) {
    cortex_m_barrier();
    SCB_AIRCR = SCB_AIRCR_SYSRESETREQ;
    cortex_m_barrier();
    for (;;) {
    }
}
