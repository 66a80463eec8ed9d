/* The resident bootloader: it never overwrites itself, and starts only an application whose image is
 * whole. */
#include "board.h"
#include "bootloader/an3155.h"
#include "bootloader/blink.h"
#include "bootloader/slots.h"
#include "hal/counter.h"
#include "hal/setup.h"
#include "hal/stay.h"
#include "hal/uart.h"
#include "hal/watchdog.h"

#define WINDOW_TICKS (SBNN_COUNTER_HZ / 2u) /* after a reset, a host has half a second to call */
#define CRASH_TICKS (10u * (uint64_t)SBNN_COUNTER_HZ) /* and after a crash of the application, ten */

const stay_reason stay_after_fault = STAY_TORN;

/* What the board's light says: what keeps the image from its start, then what start-up did not reach.
 */
static blink_reason reason_of(stay_reason note, bool crashed, bool ready) {
    const setup_outcome clocks = setup_result();
    if (note == STAY_ASKED) {
        return BLINK_NOTHING;
    }
    if (clocks == SETUP_FAILED) {
        return BLINK_NO_CLOCK;
    }
    if (note == STAY_TORN) {
        return BLINK_TORN;
    }
    if (!ready) {
        return BLINK_NO_IMAGE;
    }
    if (crashed) {
        return BLINK_CRASHED;
    }
    return clocks == SETUP_FELL_BACK ? BLINK_OWN_CLOCK : BLINK_NOTHING;
}

int main(void) {
    counter_open();
    uart_open();
    /* After a fault of the bootloader itself the slots are not read: flash with error-correcting codes
     * faults on a word that a power cut left half written, so reading it again would fault again. */
    const stay_reason reason = stay_take();
    const bool crashed = watchdog_has_fired() || reason == STAY_CRASHED;
    const bool ready = reason != STAY_TORN && slots_choose(crashed);
    const uint64_t window = crashed ? CRASH_TICKS : WINDOW_TICKS;
    const bool stays = reason == STAY_ASKED || !ready;
    if (blink_until_called(reason_of(reason, crashed, ready),
                           stays ? UART_NEVER : counter_clock() + window) ||
        (!slots_record() && blink_until_called(BLINK_UNRECORDED, UART_NEVER))) {
        an3155_serve();
    }
    uart_drain();
    slots_start();
}
