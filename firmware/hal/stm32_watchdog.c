/* The independent watchdog of an STM32 (IWDG; ST RM0008, RM0090, RM0433). It has its own clock, and
 * only a reset stops it once it has started. */
#include "board.h"
#include "hal/register.h"
#include "hal/wait.h"
#include "hal/watchdog.h"

#define IWDG_KR REGISTER(SBNN_WATCHDOG_BASE)
#define KEY_FEED 0xAAAAu
#define KEY_UNLOCK 0x5555u
#define KEY_START 0xCCCCu
#define IWDG_PR REGISTER(SBNN_WATCHDOG_BASE + 0x04u)
#define PR_256 6u
#define IWDG_RLR REGISTER(SBNN_WATCHDOG_BASE + 0x08u)
#define IWDG_SR (SBNN_WATCHDOG_BASE + 0x0Cu)
#define SR_BUSY 3u

#define PERIODS (SBNN_WATCHDOG_SECONDS * SBNN_WATCHDOG_CLOCK_HZ / 256u)

_Static_assert(PERIODS > 0u && PERIODS <= 0x1000u, "the IWDG counts to 4096 periods of 256 clocks");

void watchdog_start(void) {
    /* Start it first: that starts its clock, without which the two registers would not take their
     * values. */
    IWDG_KR = KEY_START;
    IWDG_KR = KEY_UNLOCK;
    IWDG_PR = PR_256;
    IWDG_RLR = PERIODS - 1u;
    /* If its clock does not start, the watchdog counts with its reset values, which are shorter. */
    (void)wait_until(IWDG_SR, SR_BUSY, 0, WAIT_CLOCK);
    IWDG_KR = KEY_FEED;
}

void watchdog_feed(void) {
    IWDG_KR = KEY_FEED;
}

bool watchdog_extends(void) {
    return false;
}

bool watchdog_has_fired(void) {
    const bool fired = (REGISTER(SBNN_WATCHDOG_CAUSE) & SBNN_WATCHDOG_CAUSE_FIRED) != 0u;
    REGISTER(SBNN_WATCHDOG_CAUSE) |= SBNN_WATCHDOG_CAUSE_CLEAR;
    return fired;
}
