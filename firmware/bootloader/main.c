/* The resident bootloader: it never overwrites itself, and starts only an application whose image is
 * whole. */
#include "board.h"
#include "bootloader/an3155.h"
#include "bootloader/slots.h"
#include "hal/counter.h"
#include "hal/stay.h"
#include "hal/uart.h"
#include "hal/watchdog.h"

#define WINDOW_TICKS (SBNN_COUNTER_HZ / 2u) /* after a reset, a host has half a second to call */
#define CRASH_TICKS (10u * (uint64_t)SBNN_COUNTER_HZ) /* and after a crash of the application, ten */

const stay_reason stay_after_fault = STAY_TORN;

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
    if (an3155_called(stays ? UART_NEVER : counter_clock() + window) ||
        (!slots_record() && an3155_called(UART_NEVER))) {
        an3155_serve();
    }
    uart_drain();
    slots_start();
}
