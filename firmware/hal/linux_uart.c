/* Standard input and output in place of a serial port: a terminal, or the pipes of `sensor-bnn
 * emulate`. */
#include "board.h"
#include "hal/cpu.h"
#include "hal/linux.h"
#include "hal/uart.h"

void uart_driver_open(void) {
    uart_interrupt();
}

void uart_driver_speed(uint32_t divisor) {
    (void)divisor; /* a terminal keeps the rate that the program which opened it has set */
}

void uart_driver_deafen(void) {
}

/* Read what is available and no more. The program ends at the end of its input, but only the second
 * time that it is seen: by then all bytes before it have been served. */
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
