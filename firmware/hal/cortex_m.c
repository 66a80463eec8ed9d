#include "hal/cortex_m.h"

#include <stddef.h>

#include "board.h"
#include "hal/cpu.h"

#define CACHE_LINE 32u /* bytes, on the Cortex-M7 and M55 */

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

void cpu_barrier(void) {
    cortex_m_barrier();
}

void cpu_enable_interrupt(uint32_t number) {
    NVIC_ISER(number / 32u) = 1u << (number % 32u);
}

#if __ARM_ARCH >= 8

/* An Armv8-M core compares each stack pointer with a limit register. The main stack's limit is set to
 * 0, because a boot ROM may have left its own value there. */
void cortex_m_guard_stack(const uint32_t *bottom) {
    __asm volatile("msr psplim, %0\n msr msplim, %1" ::"r"(bottom), "r"(0));
}

static void unguard_stack(void) {
    cortex_m_guard_stack(NULL);
}

#else

#define GUARD_BITS 16u /* 64 KB: larger than any kernel's stack frame, so none can step over it */

_Static_assert(SBNN_RAM_ORIGIN % (1u << GUARD_BITS) == 0u, "the MPU protects aligned regions");

/* Older cores have no stack limits: an MPU region below `bottom` without access rights catches the
 * overflow. Cores without an MPU have no guard. */
void cortex_m_guard_stack(const uint32_t *bottom) {
    if (MPU_TYPE == 0u) {
        return;
    }
    MPU_RNR = 0;
    MPU_RBAR = (uint32_t)(uintptr_t)bottom - (1u << GUARD_BITS);
    MPU_RASR = MPU_RASR_SIZE(GUARD_BITS) | MPU_RASR_ENABLE;
    MPU_CTRL = MPU_CTRL_PRIVDEFENA | MPU_CTRL_ENABLE;
    cortex_m_barrier();
}

static void unguard_stack(void) {
    if (MPU_TYPE != 0u) {
        MPU_CTRL = 0;
    }
}

#endif

void cortex_m_forget_program(void) {
    SYST_CSR = 0;
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    for (uint32_t i = 0; i < NVIC_REGISTERS; i++) {
        NVIC_ICER(i) = 0xFFFFFFFFu;
        NVIC_ICPR(i) = 0xFFFFFFFFu;
    }
    unguard_stack();
}

noreturn void cpu_start(uint32_t vectors) {
    cortex_m_forget_program();
    cortex_m_leave_caches();
    SCB_VTOR = vectors;
    cortex_m_barrier();
    /* Load the main stack pointer from the new vector table and select it, as a reset does, then jump
     * to the reset handler. */
    __asm volatile("ldr r1, [%0]\n"
                   "ldr r2, [%0, #4]\n"
                   "movs r0, #0\n"
                   "msr msp, r1\n"
                   "msr control, r0\n"
                   "isb\n"
                   "bx r2\n" ::"l"(vectors)
                   : "r0", "r1", "r2", "memory");
    __builtin_unreachable();
}

/* Do `operation` (DCISW or DCCISW) for each line of the data cache, by set and way. A leaf function
 * whose few variables are in registers: it writes no memory, so that a cache which it cleans stays
 * clean. */
__attribute__((noinline)) static void for_each_line(volatile uint32_t *operation) {
    SCB_CSSELR = SCB_CSSELR_DATA;
    cortex_m_barrier();
    const uint32_t size = SCB_CCSIDR;
    const uint32_t last_way = SCB_CCSIDR_LAST_WAY(size);
    /* The way number is in the word's highest bits. */
    const uint32_t way_shift = last_way == 0u ? 0u : (uint32_t)__builtin_clz(last_way);
    for (uint32_t set = 0; set <= SCB_CCSIDR_LAST_SET(size); set++) {
        for (uint32_t way = 0; way <= last_way; way++) {
            *operation = way << way_shift | set << SCB_CCSIDR_LINE_BITS(size);
        }
    }
}

void cortex_m_leave_caches(void) {
    if (CORTEX_M_BASELINE) {
        return;
    }
    if (SCB_CCR & SCB_CCR_DATA_CACHE) {
        for_each_line(&SCB_DCCISW);
        cortex_m_barrier();
        SCB_CCR &= ~SCB_CCR_DATA_CACHE;
        cortex_m_barrier();
    }
    if (SCB_CCR & SCB_CCR_INSTRUCTION_CACHE) {
        SCB_CCR &= ~SCB_CCR_INSTRUCTION_CACHE;
        SCB_ICIALLU = 0;
        cortex_m_barrier();
    }
}

void cortex_m_read_all(uint32_t address, uint32_t count) {
#if !CORTEX_M_BASELINE
    __asm volatile("cpsid f" ::: "memory");
    SCB_CCR |= SCB_CCR_IGNORES_BUS_FAULTS;
#endif
    cortex_m_barrier();
    for (uint32_t at = address & ~3u; at < address + count; at += 4u) {
        (void)REGISTER(at);
    }
    cortex_m_barrier(); /* what the last read causes comes before what follows */
#if !CORTEX_M_BASELINE
    SCB_CCR &= ~SCB_CCR_IGNORES_BUS_FAULTS;
    __asm volatile("cpsie f" ::: "memory");
#endif
}

void cortex_m_forget(uint32_t address, uint32_t count) {
    cortex_m_barrier();
    if (SCB_CCR & SCB_CCR_DATA_CACHE) {
        for (uint32_t line = address & ~(CACHE_LINE - 1u); line < address + count; line += CACHE_LINE) {
            SCB_DCIMVAC = line;
        }
        cortex_m_barrier();
    }
}

void cpu_use_caches(void) {
    const uint32_t caches = SCB_CLIDR;
    /* One that is on already may hold what is not in memory: it is neither emptied nor switched on
     * again. */
    if ((caches & SCB_CLIDR_INSTRUCTION) && !(SCB_CCR & SCB_CCR_INSTRUCTION_CACHE)) {
        SCB_ICIALLU = 0;
        cortex_m_barrier();
        SCB_CCR |= SCB_CCR_INSTRUCTION_CACHE;
    }
    if ((caches & SCB_CLIDR_DATA) && !(SCB_CCR & SCB_CCR_DATA_CACHE)) {
        /* After power-on its contents are undefined. */
        for_each_line(&SCB_DCISW);
        cortex_m_barrier();
        SCB_CCR |= SCB_CCR_DATA_CACHE;
    }
    cortex_m_barrier();
}

noreturn void cpu_reset(void) {
    cortex_m_barrier();
    if (SCB_CCR & SCB_CCR_DATA_CACHE) {
        SCB_DCCMVAC = SBNN_STAY_ADDRESS; /* the note of stay.c must be in RAM, not only in the cache */
        cortex_m_barrier();
    }
#ifdef SBNN_RESET
    SBNN_RESET();
#else
    SCB_AIRCR = SCB_AIRCR_SYSRESETREQ;
#endif
    cortex_m_barrier();
    for (;;) {
    }
}
