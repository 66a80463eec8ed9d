/* QEMU's machine `virt` for RISC-V: SiFive's core-local interruptor (CLINT), the platform-level
 * interrupt controller (PLIC, "RISC-V Platform-Level Interrupt Controller Specification") and SiFive's
 * test device, which resets the machine. */
#include "board.h"
#include "hal/cpu.h"
#include "hal/register.h"
#include "hal/riscv.h"
#include "hal/uart.h"

#define CLINT 0x02000000u
#define MTIMECMP_LOW REGISTER(CLINT + 0x4000u)
#define MTIMECMP_HIGH REGISTER(CLINT + 0x4004u)
#define MTIME_LOW REGISTER(CLINT + 0xBFF8u)
#define MTIME_HIGH REGISTER(CLINT + 0xBFFCu)
#define MTIME_HZ 10000000u

#define PLIC 0x0C000000u
#define PLIC_PRIORITY(n) REGISTER(PLIC + 4u * (n))
#define PLIC_ENABLE(word) REGISTER(PLIC + 0x2000u + 4u * (word)) /* of context 0: machine mode */
#define PLIC_ENABLE_WORDS 3u                                     /* 96 interrupts */
#define PLIC_THRESHOLD REGISTER(PLIC + 0x200000u)
#define PLIC_CLAIM REGISTER(PLIC + 0x200004u)

#define MIE_TIMER (1u << 7)
#define MIE_EXTERNAL (1u << 11)
#define MCAUSE_EXTERNAL (MCAUSE_INTERRUPT | 11u)

#define TEST REGISTER(0x00100000u)
#define TEST_RESET 0x7777u

_Static_assert(SBNN_COUNTER_HZ % MTIME_HZ == 0u, "ticks are converted by a product");

static uint64_t mtime(void) {
    uint32_t high, low;
    do {
        high = MTIME_HIGH;
        low = MTIME_LOW;
    } while (high != MTIME_HIGH);
    return (uint64_t)high << 32 | low;
}

uint64_t soc_clock(void) {
    return mtime() * (SBNN_COUNTER_HZ / MTIME_HZ);
}

static void no_alarm(void) {
    MTIMECMP_HIGH = 0xFFFFFFFFu;
}

static void alarm(void) {
    const uint64_t at = mtime() + MTIME_HZ / 100u;
    /* With both words there is always a time in between that is not too early. */
    MTIMECMP_HIGH = 0xFFFFFFFFu;
    MTIMECMP_LOW = (uint32_t)at;
    MTIMECMP_HIGH = (uint32_t)(at >> 32);
}

void soc_open(void) {
    RISCV_WRITE(mie, MIE_EXTERNAL);
}

/* The timer only wakes the core: its interrupt is enabled while all are masked. */
void soc_sleep(void) {
    alarm();
    RISCV_SET(mie, MIE_TIMER);
    __asm volatile("fence\n wfi" ::: "memory");
    RISCV_CLEAR(mie, MIE_TIMER);
    no_alarm();
}

void cpu_enable_interrupt(uint32_t number) {
    PLIC_PRIORITY(number) = 1;
    PLIC_THRESHOLD = 0;
    PLIC_ENABLE(number / 32u) |= 1u << (number % 32u);
}

/* Only the UART's interrupt is enabled. */
bool soc_interrupt(uint32_t cause) {
    if (cause != MCAUSE_EXTERNAL) {
        return false;
    }
    const uint32_t number = PLIC_CLAIM;
    if (number == SBNN_UART_IRQ) {
        uart_interrupt();
    }
    if (number != 0u) { /* none if it is no longer pending */
        PLIC_CLAIM = number;
    }
    return true;
}

void soc_close(void) {
    RISCV_WRITE(mie, 0);
    no_alarm();
    for (uint32_t i = 0; i < PLIC_ENABLE_WORDS; i++) {
        PLIC_ENABLE(i) = 0;
    }
}

noreturn void soc_reset(void) {
    TEST = TEST_RESET;
    for (;;) {
    }
}
