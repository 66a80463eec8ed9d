/* The second generation of ST's USART (STM32 F0, F3, F7, G0, G4, H7, L4, L5, U5: a data register per
 * direction, flags cleared by writing). The board's set-up configures its clock and pins. Its FIFOs
 * stay off, because the older of these parts have none. */
#include "board.h"
#include "hal/register.h"
#include "hal/uart.h"
#include "hal/wait.h"

#define CR1 REGISTER(SBNN_UART_BASE + 0x00u)
#define CR1_ENABLE (1u << 0)
#define CR1_RECEIVE (1u << 2)
#define CR1_SEND (1u << 3)
#define CR1_RECEIVE_INTERRUPT (1u << 5)
#define CR1_PARITY_ODD (1u << 9)
#define CR1_PARITY (1u << 10)
#define CR1_NINE_BITS (1u << 12) /* including the parity bit */
#define BRR REGISTER(SBNN_UART_BASE + 0x0Cu)
#define CR2 REGISTER(SBNN_UART_BASE + 0x04u)
#define CR3 REGISTER(SBNN_UART_BASE + 0x08u)
#ifndef BRR_PER_CLOCK
#define BRR_PER_CLOCK 1u /* stm32lp_uart.c has another */
#endif
#define BRR_LIMIT (BRR_PER_CLOCK == 1u ? 1u << 16 : 1u << 20)
#define ISR REGISTER(SBNN_UART_BASE + 0x1Cu)
#define ISR_OVERRUN (1u << 3)
#define ISR_RECEIVED (1u << 5)
#define ISR_SENT (1u << 6)
#define ISR_SEND_EMPTY (1u << 7)
#define ICR REGISTER(SBNN_UART_BASE + 0x20u)
#define ICR_ERRORS 0xFu /* clears the parity, framing, noise and overrun flags */
#define RDR REGISTER(SBNN_UART_BASE + 0x24u)
#define TDR REGISTER(SBNN_UART_BASE + 0x28u)

#if SBNN_UART_PARITY == SBNN_UART_PARITY_NONE
#define FORMAT 0u
#elif SBNN_UART_PARITY == SBNN_UART_PARITY_EVEN
#define FORMAT (CR1_NINE_BITS | CR1_PARITY)
#else
#define FORMAT (CR1_NINE_BITS | CR1_PARITY | CR1_PARITY_ODD)
#endif

#define ON (FORMAT | CR1_ENABLE | CR1_SEND | CR1_RECEIVE)
#define DIVISOR ((SBNN_UART_CLOCK_HZ + SBNN_UART_BAUD / 2u) / SBNN_UART_BAUD)

_Static_assert(SBNN_UART_CLOCK_HZ / SBNN_UART_BAUD >= 16u, "this UART takes 16 samples per bit");
_Static_assert(DIVISOR < BRR_LIMIT / BRR_PER_CLOCK, "this UART's divisor has 16 bits, an LPUART's 20");

/* The rate can be changed only while the UART is off. A bootloader in ROM may have set the other
 * control registers: one stop bit, no search for the rate, and neither DMA nor flow control. */
static void configure(uint32_t divisor, uint32_t control) {
    CR1 = 0;
    CR2 = 0;
    CR3 = 0;
    BRR = divisor * BRR_PER_CLOCK;
    ICR = ICR_ERRORS;
    CR1 = control;
}

/* A UART that already runs at this rate is not restarted, so that a byte that arrives meanwhile is not
 * lost. */
void uart_driver_open(void) {
    if ((CR1 & ON) != ON || BRR != DIVISOR * BRR_PER_CLOCK) {
        configure(DIVISOR, ON);
    }
    CR1 = ON | CR1_RECEIVE_INTERRUPT;
    uart_interrupt(); /* fetch a byte that has waited since uart_driver_deafen */
}

void uart_driver_speed(uint32_t divisor) {
    configure(divisor, ON | CR1_RECEIVE_INTERRUPT);
}

void uart_driver_deafen(void) {
    CR1 = ON;
}

/* Parity errors are not checked here: the protocols' checksums find them. */
void uart_interrupt(void) {
    for (;;) {
        const uint32_t state = ISR;
        if ((state & (ISR_RECEIVED | ISR_OVERRUN)) == 0u) {
            return;
        }
        ICR = ICR_ERRORS;
        if (state & ISR_RECEIVED) {
            uart_received((uint8_t)RDR);
        }
    }
}

void uart_driver_send(uint8_t byte) {
    (void)wait_until(SBNN_UART_BASE + 0x1Cu, ISR_SEND_EMPTY, ISR_SEND_EMPTY, WAIT_UART);
    TDR = byte;
}

void uart_driver_drain(void) {
    (void)wait_until(SBNN_UART_BASE + 0x1Cu, ISR_SENT, ISR_SENT, WAIT_UART);
}
