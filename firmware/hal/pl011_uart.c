/* Arm's PrimeCell UART (PL011, Arm DDI 0183). */
#include "board.h"
#include "hal/register.h"
#include "hal/uart.h"
#include "hal/wait.h"

#define DR REGISTER(SBNN_UART_BASE + 0x00u)
#define FR REGISTER(SBNN_UART_BASE + 0x18u)
#define FR_BUSY (1u << 3)
#define FR_RECEIVE_EMPTY (1u << 4)
#define FR_SEND_FULL (1u << 5)
#define IBRD REGISTER(SBNN_UART_BASE + 0x24u)
#define FBRD REGISTER(SBNN_UART_BASE + 0x28u)
#define LCR REGISTER(SBNN_UART_BASE + 0x2Cu)
#define LCR_PARITY (1u << 1)
#define LCR_PARITY_EVEN (1u << 2)
#define LCR_QUEUES (1u << 4)
#define LCR_EIGHT_BITS (3u << 5)
#define CR REGISTER(SBNN_UART_BASE + 0x30u)
#define CR_ENABLE (1u << 0)
#define CR_SEND (1u << 8)
#define CR_RECEIVE (1u << 9)
#define IFLS REGISTER(SBNN_UART_BASE + 0x34u)
#define IFLS_FIRST 0u /* interrupt when the queue is an eighth full */
#define IMSC REGISTER(SBNN_UART_BASE + 0x38u)
#define ICR REGISTER(SBNN_UART_BASE + 0x44u)
#define INTERRUPT_RECEIVED (1u << 4)
#define INTERRUPT_WAITING (1u << 6) /* fewer bytes than that have waited for 32 bit times */

#if SBNN_UART_PARITY == SBNN_UART_PARITY_NONE
#define FORMAT LCR_EIGHT_BITS
#elif SBNN_UART_PARITY == SBNN_UART_PARITY_EVEN
#define FORMAT (LCR_EIGHT_BITS | LCR_PARITY | LCR_PARITY_EVEN)
#else
#define FORMAT (LCR_EIGHT_BITS | LCR_PARITY)
#endif

_Static_assert(SBNN_UART_CLOCK_HZ / SBNN_UART_BAUD >= 16u, "this UART takes 16 samples per bit");
_Static_assert(SBNN_UART_CLOCK_HZ / SBNN_UART_BAUD < 1u << 20, "this UART's divisor has 16 bits");

/* The hardware takes 16 samples per bit. Its divisor is the clocks per sample, with a fraction of
 * 64ths. LCR is written after the divisor, because that write latches it. */
static void configure(uint32_t divisor) {
    CR = 0;
    IBRD = divisor / 16u;
    FBRD = divisor % 16u * 4u;
    LCR = FORMAT | LCR_QUEUES;
    IFLS = IFLS_FIRST;
    CR = CR_ENABLE | CR_SEND | CR_RECEIVE;
}

void uart_driver_open(void) {
    uart_driver_drain();
    configure((SBNN_UART_CLOCK_HZ + SBNN_UART_BAUD / 2u) / SBNN_UART_BAUD);
    IMSC = INTERRUPT_RECEIVED | INTERRUPT_WAITING;
    uart_interrupt(); /* fetch a byte that has waited since uart_driver_deafen */
}

void uart_driver_speed(uint32_t divisor) {
    configure(divisor);
}

void uart_driver_deafen(void) {
    IMSC = 0;
}

/* Parity errors are not checked here: the protocols' checksums find them. */
void uart_interrupt(void) {
    ICR = INTERRUPT_RECEIVED | INTERRUPT_WAITING;
    while ((FR & FR_RECEIVE_EMPTY) == 0u) {
        uart_received((uint8_t)DR);
    }
}

void uart_driver_send(uint8_t byte) {
    (void)wait_until(SBNN_UART_BASE + 0x18u, FR_SEND_FULL, 0, WAIT_UART);
    DR = byte;
}

void uart_driver_drain(void) {
    (void)wait_until(SBNN_UART_BASE + 0x18u, FR_BUSY, 0, WAIT_UART);
}
