/* The UART of Arm's Cortex-M System Design Kit (CMSDK APB UART). It has neither parity nor a second
 * stop bit. */
#include "board.h"
#include "hal/cortex_m.h"
#include "hal/uart.h"
#include "hal/wait.h"

#define DATA REGISTER(SBNN_UART_BASE + 0x00u)
#define STATE REGISTER(SBNN_UART_BASE + 0x04u)
#define STATE_SEND_FULL 1u
#define STATE_RECEIVE_FULL 2u
#define CTRL REGISTER(SBNN_UART_BASE + 0x08u)
#define CTRL_SEND 1u
#define CTRL_RECEIVE 2u
#define CTRL_RECEIVE_INTERRUPT 8u
#define INTCLEAR REGISTER(SBNN_UART_BASE + 0x0Cu)
#define INTCLEAR_RECEIVE 2u
#define BAUDDIV REGISTER(SBNN_UART_BASE + 0x10u)

_Static_assert(SBNN_UART_PARITY == SBNN_UART_PARITY_NONE, "this UART has no parity");
_Static_assert(SBNN_UART_CLOCK_HZ / SBNN_UART_BAUD >= 16u,
               "this UART divides its clock by 16 at least");

void uart_driver_open(void) {
    BAUDDIV = SBNN_UART_CLOCK_HZ / SBNN_UART_BAUD;
    CTRL = CTRL_SEND | CTRL_RECEIVE | CTRL_RECEIVE_INTERRUPT;
    uart_interrupt(); /* fetch a byte that has waited since uart_driver_deafen */
}

void uart_driver_speed(uint32_t divisor) {
    BAUDDIV = divisor;
}

void uart_driver_deafen(void) {
    CTRL = CTRL_SEND | CTRL_RECEIVE;
}

void uart_interrupt(void) {
    INTCLEAR = INTCLEAR_RECEIVE;
    while (STATE & STATE_RECEIVE_FULL) {
        uart_received((uint8_t)DATA);
    }
}

void uart_driver_send(uint8_t byte) {
    uart_driver_drain();
    DATA = byte;
}

void uart_driver_drain(void) {
    (void)wait_until(SBNN_UART_BASE + 0x04u, STATE_SEND_FULL, 0, WAIT_UART);
}
