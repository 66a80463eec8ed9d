/* The watchdog of Arm's CMSDK (DDI 0479). When its counter reaches zero for the first time it
 * interrupts, here as NMI; the second time it resets the chip. The NMI is a fault of the application,
 * except where SBNN_WATCHDOG_SECONDS is longer than the 32-bit counter can count: then the time is
 * split into rounds, and only the last round's NMI is a fault. */
#include "board.h"
#include "hal/cortex_m.h"
#include "hal/register.h"
#include "hal/watchdog.h"

#define LOAD REGISTER(SBNN_WATCHDOG_BASE)
#define CONTROL REGISTER(SBNN_WATCHDOG_BASE + 0x08u)
#define CONTROL_COUNT 1u /* count down, and interrupt at zero */
#define CONTROL_RESET 2u
#define CLEAR                                                                                          \
    REGISTER(SBNN_WATCHDOG_BASE + 0x0Cu) /* any value clears the interrupt and reloads the counter */
#define LOCK REGISTER(SBNN_WATCHDOG_BASE + 0xC00u)
#define LOCK_OPEN 0x1ACCE551u

#define LONGEST_SECONDS (0xFFFFFFFFu / SBNN_WATCHDOG_CLOCK_HZ)
#define ROUNDS ((SBNN_WATCHDOG_SECONDS + LONGEST_SECONDS - 1u) / LONGEST_SECONDS)

static volatile uint32_t rounds_left;

void watchdog_start(void) {
    LOCK = LOCK_OPEN;
    LOAD = SBNN_WATCHDOG_SECONDS / ROUNDS * SBNN_WATCHDOG_CLOCK_HZ;
    CONTROL = CONTROL_COUNT | CONTROL_RESET;
    LOCK = 0;
}

static void begin_round(void) {
    LOCK = LOCK_OPEN;
    CLEAR = 1;
    LOCK = 0;
}

void watchdog_feed(void) {
    rounds_left = ROUNDS - 1u;
    begin_round();
}

bool watchdog_extends(void) {
    if (rounds_left == 0u) {
        return false;
    }
    rounds_left--;
    begin_round();
    return true;
}

bool watchdog_has_fired(void) {
    return false;
}
