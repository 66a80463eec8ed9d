/* Espressif's ESP32-C3: the system timer, the interrupt matrix in the place of the registers `mie` and
 * `mip`, and the reset. There is no bootloader of ours: what asks for it is the loader in the chip's
 * ROM. */
#include "board.h"
#include "hal/cpu.h"
#include "hal/register.h"
#include "hal/riscv.h"
#include "hal/stay.h"
#include "hal/uart.h"
#include "hal/wait.h"

#define SYSTIMER_CONF REGISTER(0x60023000u)
#define SYSTIMER_CONF_ALARM (1u << 24)
#define SYSTIMER_OP 0x60023004u
#define SYSTIMER_OP_VALID (1u << 29)
#define SYSTIMER_OP_UPDATE (1u << 30)
#define SYSTIMER_TARGET_HIGH REGISTER(0x6002301Cu)
#define SYSTIMER_TARGET_LOW REGISTER(0x60023020u)
#define SYSTIMER_TARGET_CONF REGISTER(0x60023034u)
#define SYSTIMER_VALUE_HIGH REGISTER(0x60023040u)
#define SYSTIMER_VALUE_LOW REGISTER(0x60023044u)
#define SYSTIMER_LOAD REGISTER(0x60023050u)
#define SYSTIMER_LOAD_NOW 1u
#define SYSTIMER_INT_ENA REGISTER(0x60023064u)
#define SYSTIMER_INT_ENA_ALARM 1u
#define SYSTIMER_INT_CLR REGISTER(0x6002306Cu)
#define SYSTIMER_INT_CLR_ALARM 1u

/* A source of the matrix leads to one of the core's 31 interrupts. */
#define MATRIX(source) REGISTER(0x600C2000u + 4u * (source))
#define SOURCE_ALARM 37u
#define LINE_UART 1u
#define LINE_ALARM 2u
#define CPU_INT_ENABLE REGISTER(0x600C2104u)
#define CPU_INT_TYPE REGISTER(0x600C2108u) /* a bit per interrupt, 0 for a level */
#define CPU_INT_PRIORITY(line) REGISTER(0x600C2114u + 4u * (line))
#define CPU_INT_THRESHOLD REGISTER(0x600C2194u) /* lower priorities are masked */
#define LOWEST 1u

#define OPTIONS0 REGISTER(0x60008000u)
#define OPTIONS0_RESET (1u << 31)
#define OPTION1 REGISTER(0x600080F4u)
#define OPTION1_DOWNLOAD (1u << 0)

static uint64_t last;
static volatile bool interrupted; /* since the last soc_sleep */

uint64_t soc_clock(void) {
    REGISTER(SYSTIMER_OP) = SYSTIMER_OP_UPDATE;
    if (wait_until(SYSTIMER_OP, SYSTIMER_OP_VALID, SYSTIMER_OP_VALID, WAIT_CLOCK)) {
        last = (uint64_t)SYSTIMER_VALUE_HIGH << 32 | SYSTIMER_VALUE_LOW;
    }
    return last;
}

static void use_line(uint32_t source, uint32_t line) {
    MATRIX(source) = line;
    CPU_INT_TYPE &= ~(1u << line);
    CPU_INT_PRIORITY(line) = LOWEST;
    CPU_INT_ENABLE |= 1u << line;
}

void soc_open(void) {
    CPU_INT_ENABLE = 0; /* the ROM has used some */
    CPU_INT_THRESHOLD = LOWEST;
    use_line(SOURCE_ALARM, LINE_ALARM);
}

void cpu_enable_interrupt(uint32_t number) {
    use_line(number, LINE_UART);
}

static void no_alarm(void) {
    SYSTIMER_CONF &= ~SYSTIMER_CONF_ALARM;
    SYSTIMER_INT_ENA = 0;
    SYSTIMER_INT_CLR = SYSTIMER_INT_CLR_ALARM;
}

static void alarm(void) {
    const uint64_t at = soc_clock() + SBNN_COUNTER_HZ / 100u;
    SYSTIMER_TARGET_CONF = 0; /* once, by unit 0 */
    SYSTIMER_TARGET_HIGH = (uint32_t)(at >> 32);
    SYSTIMER_TARGET_LOW = (uint32_t)at;
    SYSTIMER_LOAD = SYSTIMER_LOAD_NOW;
    SYSTIMER_INT_ENA = SYSTIMER_INT_ENA_ALARM;
    SYSTIMER_CONF |= SYSTIMER_CONF_ALARM;
}

/* Nothing says that a masked interrupt ends the core's `wfi`, so they are not masked meanwhile. One
 * that is handled right before it does not wake the core, so it is left out then; in the few
 * instructions between, the alarm does. */
void soc_sleep(void) {
    interrupted = false;
    alarm();
    RISCV_SET(mstatus, MSTATUS_MIE);
    if (!interrupted) {
        __asm volatile("wfi" ::: "memory");
    }
    RISCV_CLEAR(mstatus, MSTATUS_MIE);
    no_alarm();
}

bool soc_interrupt(uint32_t cause) {
    interrupted = true;
    if (cause == (MCAUSE_INTERRUPT | LINE_UART)) {
        uart_interrupt();
        return true;
    }
    if (cause == (MCAUSE_INTERRUPT | LINE_ALARM)) {
        no_alarm();
        return true;
    }
    return false;
}

void soc_close(void) {
    CPU_INT_ENABLE = 0;
    no_alarm();
}

/* The ROM's loader answers the host that asks for the bootloader. After a fault the image starts
 * again. */
void stay_request(stay_reason reason) {
    if (reason == STAY_ASKED) {
        OPTION1 |= OPTION1_DOWNLOAD;
    }
}

/* The RTC, and what is written to its registers above, stays as it is. */
noreturn void soc_reset(void) {
    OPTIONS0 |= OPTIONS0_RESET;
    for (;;) {
    }
}
