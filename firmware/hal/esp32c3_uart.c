/* The UART of an ESP32-C3. The set-up gives it its clock, without a division before the divider of this
 * file. */
#include "board.h"
#include "hal/register.h"
#include "hal/uart.h"
#include "hal/wait.h"

#define FIFO REGISTER(SBNN_UART_BASE + 0x00u)
#define INT_ENA REGISTER(SBNN_UART_BASE + 0x0Cu)
#define INT_ENA_RECEIVED (1u << 0)
#define INT_CLR REGISTER(SBNN_UART_BASE + 0x10u)
#define INT_CLR_RECEIVED (1u << 0)
#define CLKDIV REGISTER(SBNN_UART_BASE + 0x14u) /* sixteenths of a clock, in bits 20 to 23, stay 0 */
#define STATUS (SBNN_UART_BASE + 0x1Cu)
#define STATUS_RECEIVED 0x3FFu     /* bytes that wait */
#define STATUS_SENDING 0x03FF0000u /* bytes that are not yet sent */
#define STATUS_TWO_OR_MORE 0x03FE0000u
#define CONF0 REGISTER(SBNN_UART_BASE + 0x20u)
#define CONF0_PARITY_ODD (1u << 0)
#define CONF0_PARITY (1u << 1)
#define CONF0_EIGHT_BITS (3u << 2)
#define CONF0_ONE_STOP_BIT (1u << 4)
#define CONF0_MEMORY (1u << 28)
#define CONF1 REGISTER(SBNN_UART_BASE + 0x24u)
#define CONF1_THRESHOLD 0x1FFu
#define CONF1_ONE_BYTE 1u
#define FSM_STATUS (SBNN_UART_BASE + 0x6Cu)
#define FSM_STATUS_SENDING 0xF0u

#if SBNN_UART_PARITY == SBNN_UART_PARITY_NONE
#define FORMAT (CONF0_EIGHT_BITS | CONF0_ONE_STOP_BIT | CONF0_MEMORY)
#elif SBNN_UART_PARITY == SBNN_UART_PARITY_EVEN
#define FORMAT (CONF0_EIGHT_BITS | CONF0_ONE_STOP_BIT | CONF0_MEMORY | CONF0_PARITY)
#else
#define FORMAT (CONF0_EIGHT_BITS | CONF0_ONE_STOP_BIT | CONF0_MEMORY | CONF0_PARITY | CONF0_PARITY_ODD)
#endif

_Static_assert(SBNN_UART_CLOCK_HZ / SBNN_UART_BAUD < 1u << 12, "this UART's divider has 12 bits");

void uart_driver_open(void) {
    uart_driver_drain();
    CONF0 = FORMAT;
    uart_driver_speed((SBNN_UART_CLOCK_HZ + SBNN_UART_BAUD / 2u) / SBNN_UART_BAUD);
    const uint32_t kept = CONF1 & ~CONF1_THRESHOLD;
    CONF1 = kept | CONF1_ONE_BYTE;
    INT_ENA = INT_ENA_RECEIVED;
    uart_interrupt(); /* bytes may wait since before */
}

void uart_driver_speed(uint32_t divisor) {
    CLKDIV = divisor;
}

void uart_driver_deafen(void) {
    INT_ENA = 0;
}

/* Cleared before the bytes are fetched: one that arrives meanwhile asks again. Parity errors are not
 * checked here: the protocols' checksums find them. */
void uart_interrupt(void) {
    INT_CLR = INT_CLR_RECEIVED;
    while (REGISTER(STATUS) & STATUS_RECEIVED) {
        uart_received((uint8_t)FIFO);
    }
}

/* The buffer has 128 bytes, and at most two of them are used: so many are sent within the limit of a
 * wait. */
void uart_driver_send(uint8_t byte) {
    (void)wait_until(STATUS, STATUS_TWO_OR_MORE, 0, WAIT_UART);
    FIFO = byte;
}

void uart_driver_drain(void) {
    (void)wait_until(STATUS, STATUS_SENDING, 0, WAIT_UART);
    (void)wait_until(FSM_STATUS, FSM_STATUS_SENDING, 0, WAIT_UART);
}
