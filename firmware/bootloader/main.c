/* The resident bootloader: it stays where it is, and starts only an application that is whole. */
#include "board.h"
#include "bootloader/an3155.h"
#include "hal/counter.h"
#include "hal/cpu.h"
#include "hal/flash.h"
#include "hal/stay.h"
#include "hal/uart.h"
#include "runtime/image.h"

#define WINDOW_TICKS (SBNN_COUNTER_HZ / 2u) /* after a reset, a host has half a second to call */

int main(void) {
    counter_open();
    uart_open();
    /* Not looked at behind the note: flash with error codes faults on a word that a power cut has torn,
     * and the fault has left it. */
    const bool stay =
        stay_take() || !image_is_whole(flash_at(SBNN_SLOT_ORIGIN), SBNN_SLOT_BYTES, SBNN_BOARD_NAME);
    if (an3155_called(stay ? UART_NEVER : counter_clock() + WINDOW_TICKS)) {
        an3155_serve();
    }
    uart_drain();
    cpu_start(SBNN_SLOT_ORIGIN + IMAGE_HEADER_BYTES);
}
