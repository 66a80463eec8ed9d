#include "hal/uart.h"

#include "board.h"
#include "hal/counter.h"
#include "hal/cpu.h"

/* Eleven bits, the most that a byte takes: a start bit, eight of data, parity and a stop bit. */
#define BYTE_TICKS (11u * (uint64_t)SBNN_COUNTER_HZ / SBNN_UART_BAUD + 1u)

static uint8_t ring[UART_RING_BYTES];
static volatile uint32_t written; /* bytes received in total; only the interrupt writes it */
static volatile uint32_t read;    /* bytes taken in total; only uart_receive writes it */

void uart_open(void) {
    uart_driver_open();
    cpu_enable_interrupt(SBNN_UART_IRQ);
}

void uart_received(uint8_t byte) {
    const uint32_t at = written;
    if (at - read < UART_RING_BYTES) {
        ring[at % UART_RING_BYTES] = byte;
        /* Last: uart_receive takes the byte as soon as it sees this. */
        written = at + 1u;
    }
}

bool uart_receive(uint8_t *byte, uint64_t deadline) {
    for (;;) {
        const uint32_t at = read;
        if (at != written) {
            *byte = ring[at % UART_RING_BYTES];
            read = at + 1u;
            return true;
        }
        if (deadline != UART_NEVER && counter_clock() >= deadline) {
            return false;
        }
        /* Check again with interrupts masked: a byte that arrived after the first check would otherwise
         * not end the sleep. */
        const uint32_t state = cpu_mask();
        if (read == written) {
            cpu_sleep();
        }
        cpu_unmask(state);
    }
}

void uart_send(const uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uart_driver_send(bytes[i]);
    }
}

void uart_deafen(void) {
    uart_driver_deafen();
}

void uart_drain(void) {
    uart_driver_drain();
    const uint64_t gone = counter_clock() + 2u * BYTE_TICKS; /* for the byte in the shift register */
    while (counter_clock() < gone) {
    }
}

bool uart_can_speed(uint32_t baud) {
    if (baud < SBNN_UART_BAUD || baud > SBNN_UART_CLOCK_HZ / 16u) {
        return false;
    }
    const uint32_t reached = (SBNN_UART_CLOCK_HZ + baud / 2u) / baud * baud;
    const uint32_t off =
        reached > SBNN_UART_CLOCK_HZ ? reached - SBNN_UART_CLOCK_HZ : SBNN_UART_CLOCK_HZ - reached;
    return off <= SBNN_UART_CLOCK_HZ / 50u;
}

void uart_speed(uint32_t baud) {
    uart_drain();
    uart_driver_speed((SBNN_UART_CLOCK_HZ + baud / 2u) / baud);
}
