/* Broadcom BCM2837 (Raspberry Pi 3, Zero 2 W): interrupts, and the watchdog, which is used to reset the
 * chip.
 *
 * BCM2835 ARM Peripherals, chapter 7 (its addresses 0x7Exxxxxx are 0x3Fxxxxxx here); ARM Quad A7 core
 * (BCM2836). */
#include "hal/aarch64.h"
#include "hal/cpu.h"
#include "hal/register.h"

#define INTERRUPT_ENABLE(n) REGISTER(0x3F00B210u + 4u * (n))
#define CORE0_TIMERS REGISTER(0x40000040u)
#define CORE0_TIMERS_PHYSICAL 2u /* the non-secure physical timer */

#define PM_RSTC REGISTER(0x3F10001Cu)
#define PM_WDOG REGISTER(0x3F100024u)
#define PM_PASSWORD 0x5A000000u
#define PM_RSTC_CONFIGURATION 0x30u
#define PM_RSTC_FULL_RESET 0x20u
#define PM_WDOG_TICKS 10u /* of 15 us each */

void soc_open(void) {
    CORE0_TIMERS = CORE0_TIMERS_PHYSICAL;
}

void cpu_enable_interrupt(uint32_t number) {
    INTERRUPT_ENABLE(number / 32u) = 1u << (number % 32u);
}

noreturn void soc_reset(void) {
    PM_WDOG = PM_PASSWORD | PM_WDOG_TICKS;
    /* A write counts only with the password in its highest byte, so nothing else may be there. */
    PM_RSTC = PM_PASSWORD | (PM_RSTC & ~PM_RSTC_CONFIGURATION & 0xFFFFFFu) | PM_RSTC_FULL_RESET;
    for (;;) {
    }
}
