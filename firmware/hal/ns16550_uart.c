/* National Semiconductor's 16550A UART, with registers of one byte one after the other. */
#include "board.h"
#include "hal/uart.h"
#include "hal/wait.h"

#define BYTE_REGISTER(offset) (*(volatile uint8_t *)(uintptr_t)(SBNN_UART_BASE + (offset)))
#define DATA BYTE_REGISTER(0u)
#define DIVISOR_LOW BYTE_REGISTER(0u) /* while LCR_DIVISOR is set, like the next one */
#define DIVISOR_HIGH BYTE_REGISTER(1u)
#define IER BYTE_REGISTER(1u)
#define IER_RECEIVED (1u << 0)
#define FCR BYTE_REGISTER(2u)
#define FCR_QUEUES (1u << 0) /* with an interrupt at the first byte */
#define LCR BYTE_REGISTER(3u)
#define LCR_EIGHT_BITS 3u
#define LCR_PARITY (1u << 3)
#define LCR_PARITY_EVEN (1u << 4)
#define LCR_DIVISOR (1u << 7)
#define LSR BYTE_REGISTER(5u)
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

/* As wait_until, which reads words. */
static void wait_for(uint8_t bits) {
    for (uint32_t reads = WAIT_UART; reads > 0u && (LSR & bits) != bits; reads--) {
    }
}

void uart_driver_send(uint8_t byte) {
    wait_for(LSR_SEND_EMPTY);
    DATA = byte;
}

void uart_driver_drain(void) {
    wait_for(LSR_SENT);
}
