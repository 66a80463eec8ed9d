/* Standard input and output in a serial port's place: a terminal, or what `sensor-bnn emulate` gives.
 */
#include "board.h"
#include "hal/cpu.h"
#include "hal/linux.h"
#include "hal/uart.h"

void uart_driver_open(void) {
    uart_interrupt();
}

void uart_driver_speed(uint32_t divisor) {
    (void)divisor; /* a terminal's rate is that of who opened it */
}

void uart_driver_deafen(void) {
}

/* What there is and no more. The end of input is the end of the program, once all before it is served:
 * the second time that it is seen. */
void uart_interrupt(void) {
    static bool ended;
    while (linux_has_input(0)) {
        uint8_t bytes[256];
        const int64_t count = linux_call(LINUX_READ, LINUX_INPUT, (intptr_t)bytes, sizeof bytes, 0, 0);
        if (count <= 0 && count != LINUX_EINTR) {
            if (ended) {
                cpu_reset();
            }
            ended = true;
            return;
        }
        for (int64_t i = 0; i < count; i++) {
            uart_received(bytes[i]);
        }
    }
}

void uart_driver_send(uint8_t byte) {
    int64_t written;
    do {
        written = linux_call(LINUX_WRITE, LINUX_OUTPUT, (intptr_t)&byte, 1, 0, 0);
    } while (written == LINUX_EINTR);
    if (written != 1) {
        cpu_reset();
    }
}

void uart_driver_drain(void) {
}
