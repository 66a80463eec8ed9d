/* The first generation of ST's USART (STM32 F1, F2, F4, L1: one data register for both directions). The
 * board's set-up configures its clock and pins. */
#include "board.h"
#include "hal/cortex_m.h"
#include "hal/uart.h"
#include "hal/wait.h"

#define SR REGISTER(SBNN_UART_BASE + 0x00u)
#define SR_OVERRUN (1u << 3)
#define SR_RECEIVED (1u << 5)
#define SR_SENT (1u << 6)
#define SR_SEND_EMPTY (1u << 7)
#define DR REGISTER(SBNN_UART_BASE + 0x04u)
#define BRR REGISTER(SBNN_UART_BASE + 0x08u)
#define CR1 REGISTER(SBNN_UART_BASE + 0x0Cu)
#define CR1_RECEIVE (1u << 2)
#define CR1_SEND (1u << 3)
#define CR1_RECEIVE_INTERRUPT (1u << 5)
#define CR1_PARITY_ODD (1u << 9)
#define CR1_PARITY (1u << 10)
#define CR1_NINE_BITS (1u << 12) /* including the parity bit */
#define CR1_ENABLE (1u << 13)
#define CR2 REGISTER(SBNN_UART_BASE + 0x10u)
#define CR3 REGISTER(SBNN_UART_BASE + 0x14u)

#if SBNN_UART_PARITY == SBNN_UART_PARITY_NONE
#define FORMAT 0u
#elif SBNN_UART_PARITY == SBNN_UART_PARITY_EVEN
#define FORMAT (CR1_NINE_BITS | CR1_PARITY)
#else
#define FORMAT (CR1_NINE_BITS | CR1_PARITY | CR1_PARITY_ODD)
#endif

_Static_assert(SBNN_UART_CLOCK_HZ / SBNN_UART_BAUD >= 16u, "this UART takes 16 samples per bit");

/* A bootloader in ROM may have set the other control registers: one stop bit, and neither DMA nor flow
 * control. */
void uart_driver_open(void) {
    CR2 = 0;
    CR3 = 0;
    BRR = (SBNN_UART_CLOCK_HZ + SBNN_UART_BAUD / 2u) / SBNN_UART_BAUD;
    CR1 = FORMAT | CR1_ENABLE | CR1_SEND | CR1_RECEIVE | CR1_RECEIVE_INTERRUPT;
    uart_interrupt(); /* fetch a byte that has waited since uart_driver_deafen */
}

void uart_driver_speed(uint32_t divisor) {
    BRR = divisor;
}

void uart_driver_deafen(void) {
    CR1 = FORMAT | CR1_ENABLE | CR1_SEND | CR1_RECEIVE;
}

/* Reading SR and then DR clears both flags. Parity errors are not checked here: the protocols'
 * checksums find them. */
void uart_interrupt(void) {
    while (SR & (SR_RECEIVED | SR_OVERRUN)) {
        uart_received((uint8_t)DR);
    }
}

void uart_driver_send(uint8_t byte) {
    (void)wait_until(SBNN_UART_BASE, SR_SEND_EMPTY, SR_SEND_EMPTY, WAIT_UART);
    DR = byte;
}

void uart_driver_drain(void) {
    (void)wait_until(SBNN_UART_BASE, SR_SENT, SR_SENT, WAIT_UART);
}
