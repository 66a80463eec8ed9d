/* The resident bootloader: it stays where it is, and starts only an application that is whole. */
#include "board.h"
#include "bootloader/an3155.h"
#include "bootloader/slots.h"
#include "hal/counter.h"
#include "hal/stay.h"
#include "hal/uart.h"
#include "hal/watchdog.h"

#define WINDOW_TICKS (SBNN_COUNTER_HZ / 2u) /* after a reset, a host has half a second to call */

const stay_reason stay_after_fault = STAY_TORN;

int main(void) {
    counter_open();
    uart_open();
    /* Not looked at behind a fault of its own: flash with error codes faults on a word that a power cut
     * has torn. */
    const stay_reason reason = stay_take();
    const bool crashed = watchdog_has_fired() || reason == STAY_CRASHED;
    const bool ready = reason != STAY_TORN && slots_choose(crashed);
    if (an3155_called(reason == STAY_ASKED || !ready ? UART_NEVER : counter_clock() + WINDOW_TICKS)) {
        an3155_serve();
    }
    uart_drain();
    slots_start();
}
