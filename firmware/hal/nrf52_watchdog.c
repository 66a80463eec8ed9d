/* The watchdog of Nordic's nRF52 (nRF52840 Product Specification, "WDT"). Its values are fixed once it
 * has started; neither a program nor a reset by software stops it. */
#include "board.h"
#include "hal/register.h"
#include "hal/watchdog.h"

#define TASKS_START REGISTER(SBNN_WATCHDOG_BASE + 0x000u)
#define CRV REGISTER(SBNN_WATCHDOG_BASE + 0x504u)
#define RREN REGISTER(SBNN_WATCHDOG_BASE + 0x508u)
#define RREN_FIRST 1u
#define CONFIG REGISTER(SBNN_WATCHDOG_BASE + 0x50Cu)
#define CONFIG_IN_SLEEP 1u /* and not while a debugger has stopped the core */
#define RR0 REGISTER(SBNN_WATCHDOG_BASE + 0x600u)
#define RELOAD 0x6E524635u
#define REASON_PIN 1u /* in the register with the reset's reasons */

void watchdog_start(void) {
    CONFIG = CONFIG_IN_SLEEP;
    CRV = SBNN_WATCHDOG_SECONDS * SBNN_WATCHDOG_CLOCK_HZ - 1u;
    RREN = RREN_FIRST;
    TASKS_START = 1;
    watchdog_feed(); /* it may have run already */
}

void watchdog_feed(void) {
    RR0 = RELOAD;
}

bool watchdog_extends(void) {
    return false;
}

/* After a reset by the pin the other reasons may be wrong (nRF52840 errata, 136). */
bool watchdog_has_fired(void) {
    const uint32_t reasons = REGISTER(SBNN_WATCHDOG_CAUSE);
    const bool fired = (reasons & SBNN_WATCHDOG_CAUSE_FIRED) != 0u && (reasons & REASON_PIN) == 0u;
    REGISTER(SBNN_WATCHDOG_CAUSE) = SBNN_WATCHDOG_CAUSE_CLEAR; /* ones clear these bits */
    return fired;
}
