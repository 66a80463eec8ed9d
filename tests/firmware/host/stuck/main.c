/* Calls a driver whose hardware never becomes ready. Prints what it returns, if it does. */
#include <stdio.h>

#include "board.h"
#include "hal/flash.h"
#include "hal/uart.h"
#include "hal/watchdog.h"

volatile uint32_t stuck_register;

void uart_received(uint8_t byte) {
    (void)byte;
}

int main(void) {
#ifdef STUCK_FLASH
    puts(flash_erase(SBNN_FLASH_ORIGIN) ? "erased" : "refused");
#elif defined(STUCK_UART)
    for (int i = 0; i < 3; i++) {
        uart_driver_send((uint8_t)i);
    }
    uart_driver_drain();
    puts("gone on");
#else
    watchdog_start();
    puts("gone on");
#endif
    return 0;
}
