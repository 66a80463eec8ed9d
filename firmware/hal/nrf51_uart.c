/* The UART of Nordic's nRF51 and nRF52 (nRF51 Series Reference Manual, nRF52840 Product Specification,
 * "UART"). The board's set-up configures its pins. */
#include <stdbool.h>

#include "board.h"
#include "hal/cortex_m.h"
#include "hal/uart.h"
#include "hal/wait.h"

#define START_RECEIVE REGISTER(SBNN_UART_BASE + 0x000u)
#define START_SEND REGISTER(SBNN_UART_BASE + 0x008u)
#define RECEIVED REGISTER(SBNN_UART_BASE + 0x108u)
#define SENT REGISTER(SBNN_UART_BASE + 0x11Cu)
#define INTENSET REGISTER(SBNN_UART_BASE + 0x304u)
#define INTENCLR REGISTER(SBNN_UART_BASE + 0x308u)
#define INTERRUPT_RECEIVED (1u << 2)
#define ENABLE REGISTER(SBNN_UART_BASE + 0x500u)
#define ENABLE_UART 4u
#define RXD REGISTER(SBNN_UART_BASE + 0x518u)
#define TXD REGISTER(SBNN_UART_BASE + 0x51Cu)
#define BAUDRATE REGISTER(SBNN_UART_BASE + 0x524u)
#define CONFIG REGISTER(SBNN_UART_BASE + 0x56Cu)
#define CONFIG_PARITY_EVEN (7u << 1)

#if SBNN_UART_PARITY == SBNN_UART_PARITY_EVEN
#define FORMAT CONFIG_PARITY_EVEN
#else
#define FORMAT 0u
#endif

_Static_assert(SBNN_UART_PARITY != SBNN_UART_PARITY_ODD, "this UART's parity is even or none");
_Static_assert(SBNN_UART_CLOCK_HZ / SBNN_UART_BAUD >= 16u,
               "this UART divides its clock by 16 at least");

static bool sending; /* a byte was sent and its event SENT has not been seen yet */

/* The register holds the rate as a fraction of the clock, times 2^32, in steps of 2^12; adding 0x800
 * rounds to the nearest step. */
void uart_driver_speed(uint32_t divisor) {
    BAUDRATE = (0xFFFFFFFFu / divisor + 0x800u) & 0xFFFFF000u;
}

void uart_driver_open(void) {
    CONFIG = FORMAT;
    uart_driver_speed((SBNN_UART_CLOCK_HZ + SBNN_UART_BAUD / 2u) / SBNN_UART_BAUD);
    ENABLE = ENABLE_UART;
    SENT = 0;
    sending = false;
    START_SEND = 1;
    START_RECEIVE = 1;
    INTENSET = INTERRUPT_RECEIVED;
    uart_interrupt(); /* fetch a byte that has waited since uart_driver_deafen */
}

void uart_driver_deafen(void) {
    INTENCLR = INTERRUPT_RECEIVED;
}

/* RECEIVED is set again for each further byte in the receive queue, so clear it before reading RXD. */
void uart_interrupt(void) {
    while (RECEIVED) {
        RECEIVED = 0;
        uart_received((uint8_t)RXD);
    }
}

void uart_driver_send(uint8_t byte) {
    uart_driver_drain();
    sending = true;
    TXD = byte;
}

void uart_driver_drain(void) {
    if (sending) {
        (void)wait_until(SBNN_UART_BASE + 0x11Cu, 1, 1, WAIT_UART);
        SENT = 0;
        sending = false;
    }
}
