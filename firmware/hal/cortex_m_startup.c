/* From reset to main, on a Cortex-M.
 *
 * main runs on the process stack, at the very start of RAM, so that an overflow leaves RAM and faults.
 * Handlers have a stack of their own, so that this fault can be handled. Every fault resets into the
 * bootloader. */
#include <stdnoreturn.h>

#include "board.h"
#include "hal/cortex_m.h"
#include "hal/cpu.h"
#include "hal/flash.h"
#include "hal/memory.h"
#include "hal/setup.h"
#include "hal/stay.h"
#include "hal/watchdog.h"

extern uint32_t linker_stack_bottom[], linker_stack_top[], linker_handler_stack_top[];
extern uint32_t linker_data_load[], linker_data_start[], linker_data_end[];
extern uint32_t linker_bss_start[], linker_bss_end[];

int main(void);
noreturn void reset(void);
noreturn void start(void);
void nmi(void);
noreturn void fault(void);
noreturn void fault_reset(void);

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*handlers[15 + SBNN_UART_IRQ + 1])(void);
} vectors = {
    linker_handler_stack_top,
    {
        [0] = reset,
        [1] = nmi,
        [2] = fault,  /* HardFault */
        [3] = fault,  /* MemManage */
        [4] = fault,  /* BusFault */
        [5] = fault,  /* UsageFault */
        [10] = fault, /* SVCall */
        [11] = fault, /* DebugMonitor */
        [13] = fault, /* PendSV */
        [14] = systick_interrupt,
        [15 + SBNN_UART_IRQ] = uart_interrupt,
    },
};

/* Switch coprocessors 10 and 11 (the FPU) on before any code can use them. */
#if CORTEX_M_BASELINE
#define ENABLE_FPU
#else
#define ENABLE_FPU                                                                                     \
    "ldr r0, =0xE000ED88\n" /* CPACR */                                                                \
    "ldr r1, [r0]\n"                                                                                   \
    "orr r1, r1, #(0xF << 20)\n"                                                                       \
    "str r1, [r0]\n"                                                                                   \
    "dsb\n"                                                                                            \
    "isb\n"
#endif

/* What ran before, such as MCUboot or a boot ROM, may have left a limit of its own for the process
 * stack. */
#if __ARM_ARCH >= 8
#define FORGET_LIMIT                                                                                   \
    "movs r0, #0\n"                                                                                    \
    "msr psplim, r0\n"
#else
#define FORGET_LIMIT
#endif

/* Fill the stack with MEMORY_PAINT while nothing is on it, then switch from the main stack to the
 * process stack. It is naked assembly, because compiled code would already use the stack. In it, %c0 is
 * the constant without the # that %0 would put before it: ldr's = takes none. */
__attribute__((naked)) noreturn void reset(void) {
    __asm volatile(FORGET_LIMIT ENABLE_FPU "ldr r0, =linker_stack_bottom\n"
                                           "ldr r1, =linker_stack_top\n"
                                           "ldr r2, =%c0\n"
                                           "1: stm r0!, {r2}\n"
                                           "cmp r0, r1\n"
                                           "bne 1b\n"
                                           "msr psp, r1\n"
                                           "movs r0, #2\n" /* thread mode on the process stack */
                                           "msr control, r0\n"
                                           "isb\n"
                                           "bl start\n" ::"i"(MEMORY_PAINT));
}

/* It may also have left its own interrupts enabled and all of them masked: a port of MCUboot to Zephyr
 * masks them with BASEPRI. */
static void take_interrupts(void) {
    cortex_m_forget_program();
#if CORTEX_M_BASELINE
    __asm volatile("cpsie i" ::: "memory");
#else
    __asm volatile("msr basepri, %0\n cpsie if" ::"r"(0) : "memory");
#endif
}

noreturn void start(void) {
    SCB_VTOR = (uint32_t)(uintptr_t)&vectors;
    if (!CORTEX_M_BASELINE) {
        SCB_SHCSR |= SCB_SHCSR_FAULTS;
    }
    take_interrupts();
    cortex_m_leave_caches();
#ifdef __ARM_ARCH_8_1M_MAIN__
    SCB_CCR |= SCB_CCR_LOOPS;
    cortex_m_barrier();
#endif
    cortex_m_guard_stack(linker_stack_bottom);
    const uint32_t *from = linker_data_load;
    for (uint32_t *to = linker_data_start; to != linker_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = linker_bss_start; to != linker_bss_end; to++) {
        *to = 0;
    }
    setup_run();
    (void)main();
    cpu_reset();
}

void nmi(void) {
    if (!watchdog_extends() && !flash_takes_nmi()) {
        fault();
    }
}

/* Start the handlers' stack again from its top, because the old stack pointer may be invalid. Nothing
 * returns from here. */
__attribute__((naked)) noreturn void fault(void) {
    __asm volatile("ldr r0, =linker_handler_stack_top\n"
                   "msr msp, r0\n"
                   "bl fault_reset\n");
}

noreturn void fault_reset(void) {
    stay_request(stay_after_fault);
    cpu_reset();
}
