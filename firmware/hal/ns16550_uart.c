/* National Semiconductor's 16550A UART, with registers of one byte one after the other. */
#include "board.h"
#include "hal/register.h"
#include "hal/uart.h"
#include "hal/wait.h"

#define DATA BYTE_REGISTER(SBNN_UART_BASE + 0u)
/* These two replace DATA and IER while LCR_DIVISOR is set. */
#define DIVISOR_LOW BYTE_REGISTER(SBNN_UART_BASE + 0u)
#define DIVISOR_HIGH BYTE_REGISTER(SBNN_UART_BASE + 1u)
#define IER BYTE_REGISTER(SBNN_UART_BASE + 1u)
#define IER_RECEIVED (1u << 0)
#define FCR BYTE_REGISTER(SBNN_UART_BASE + 2u)
#define FCR_QUEUES (1u << 0) /* with an interrupt at the first byte */
#define LCR BYTE_REGISTER(SBNN_UART_BASE + 3u)
#define LCR_EIGHT_BITS 3u
#define LCR_PARITY (1u << 3)
#define LCR_PARITY_EVEN (1u << 4)
#define LCR_DIVISOR (1u << 7)
#define LSR BYTE_REGISTER(SBNN_UART_BASE + 5u)
#define LSR_RECEIVED (1u << 0)
#define LSR_SEND_EMPTY (1u << 5)
#define LSR_SENT (1u << 6)

#if SBNN_UART_PARITY == SBNN_UART_PARITY_NONE
#define FORMAT LCR_EIGHT_BITS
#elif SBNN_UART_PARITY == SBNN_UART_PARITY_EVEN
#define FORMAT (LCR_EIGHT_BITS | LCR_PARITY | LCR_PARITY_EVEN)
#else
#define FORMAT (LCR_EIGHT_BITS | LCR_PARITY)
#endif

_Static_assert(SBNN_UART_STEP == 16u, "this UART takes 16 samples per bit");
_Static_assert(SBNN_UART_CLOCK_HZ / SBNN_UART_BAUD >= 16u, "this UART takes 16 samples per bit");
_Static_assert(SBNN_UART_CLOCK_HZ / SBNN_UART_BAUD < 1u << 20, "this UART's divisor has 16 bits");

void uart_driver_open(void) {
    /* The queues stay as they are if they are on already: bytes may wait there since
     * uart_driver_deafen. */
    FCR = FCR_QUEUES;
    uart_driver_drain();
    uart_driver_speed(16u * ((SBNN_UART_CLOCK_HZ / 16u + SBNN_UART_BAUD / 2u) / SBNN_UART_BAUD));
    IER = IER_RECEIVED;
    uart_interrupt();
}

void uart_driver_speed(uint32_t divisor) {
    LCR = FORMAT | LCR_DIVISOR;
    DIVISOR_LOW = (uint8_t)(divisor / 16u);
    DIVISOR_HIGH = (uint8_t)(divisor / 16u >> 8);
    LCR = FORMAT;
}

void uart_driver_deafen(void) {
    IER = 0;
}

/* Parity errors are not checked here: the protocols' checksums find them. */
void uart_interrupt(void) {
    while (LSR & LSR_RECEIVED) {
        uart_received(DATA);
    }
}

void uart_driver_send(uint8_t byte) {
    (void)wait_until_byte(SBNN_UART_BASE + 5u, LSR_SEND_EMPTY, LSR_SEND_EMPTY, WAIT_UART);
    DATA = byte;
}

void uart_driver_drain(void) {
    (void)wait_until_byte(SBNN_UART_BASE + 5u, LSR_SENT, LSR_SENT, WAIT_UART);
}
