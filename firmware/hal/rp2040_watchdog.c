/* The watchdog of the RP2040 (RP2040 data sheet, "Watchdog"). The board's set-up starts its ticks and
 * says what it resets. What has fired stays written down until the power is off, so that a mark in a
 * register that survives a reset tells whether the reason is still news. */
#include "board.h"
#include "hal/register.h"
#include "hal/watchdog.h"

#define CTRL REGISTER(SBNN_WATCHDOG_BASE)
#define CTRL_ENABLE (1u << 30)
#define LOAD REGISTER(SBNN_WATCHDOG_BASE + 0x04u)
#define REASON REGISTER(SBNN_WATCHDOG_BASE + 0x08u)
#define REASON_TIMER 1u
#define SCRATCH0 REGISTER(SBNN_WATCHDOG_BASE + 0x0Cu)

#define STARTED 0x574F4B45u

/* Erratum RP2040-E1: it counts down twice per tick. */
#define TICKS (2u * SBNN_WATCHDOG_SECONDS * SBNN_WATCHDOG_CLOCK_HZ)

_Static_assert(TICKS > 0u && TICKS < 1u << 24, "this watchdog counts to 2^24, twice per tick");

void watchdog_start(void) {
    SCRATCH0 = STARTED;
    LOAD = TICKS;
    CTRL |= CTRL_ENABLE;
}

void watchdog_feed(void) {
    LOAD = TICKS;
}

bool watchdog_extends(void) {
    return false;
}

bool watchdog_has_fired(void) {
    const bool fired = (REASON & REASON_TIMER) != 0u && SCRATCH0 == STARTED;
    SCRATCH0 = 0;
    return fired;
}
