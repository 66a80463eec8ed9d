#include "hal/uart.h"

#include <stdatomic.h>

#include "board.h"
#include "hal/counter.h"
#include "hal/cpu.h"

/* Eleven bits, the most that a byte takes: a start bit, eight of data, parity and a stop bit. */
#define BYTE_TICKS (11u * (uint64_t)SBNN_COUNTER_HZ / SBNN_UART_BAUD + 1u)

/* A count is released after the byte that it announces, and acquired before that byte is accessed:
 * otherwise the compiler might move the one access past the other. */
static uint8_t ring[UART_RING_BYTES];
static _Atomic uint32_t written; /* bytes received in total; only the interrupt writes it */
static _Atomic uint32_t read;    /* bytes taken in total; only uart_receive writes it */

static uint32_t look(const _Atomic uint32_t *count) {
    return atomic_load_explicit(count, memory_order_acquire);
}

static void announce(_Atomic uint32_t *count, uint32_t value) {
    atomic_store_explicit(count, value, memory_order_release);
}

void uart_open(void) {
    uart_driver_open();
    cpu_enable_interrupt(SBNN_UART_IRQ);
}

void uart_received(uint8_t byte) {
    const uint32_t at = look(&written);
    if (at - look(&read) < UART_RING_BYTES) {
        ring[at % UART_RING_BYTES] = byte;
        announce(&written, at + 1u);
    }
}

bool uart_receive(uint8_t *byte, uint64_t deadline) {
    for (;;) {
        const uint32_t at = look(&read);
        if (at != look(&written)) {
            *byte = ring[at % UART_RING_BYTES];
            announce(&read, at + 1u);
            return true;
        }
        if (deadline != UART_NEVER && counter_clock() >= deadline) {
            return false;
        }
        /* Check again with interrupts masked: a byte that arrived after the first check would otherwise
         * not end the sleep. */
        const uint32_t state = cpu_mask();
        if (at == look(&written)) {
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

/* The nearest that the hardware can have. */
static uint32_t clocks_per_bit(uint32_t baud) {
    return (SBNN_UART_CLOCK_HZ / SBNN_UART_STEP + baud / 2u) / baud * SBNN_UART_STEP;
}

bool uart_can_speed(uint32_t baud) {
    if (baud < SBNN_UART_BAUD || baud > SBNN_UART_CLOCK_HZ / 16u) {
        return false;
    }
    const uint32_t reached = clocks_per_bit(baud) * baud;
    const uint32_t off =
        reached > SBNN_UART_CLOCK_HZ ? reached - SBNN_UART_CLOCK_HZ : SBNN_UART_CLOCK_HZ - reached;
    return off <= SBNN_UART_CLOCK_HZ / 50u;
}

void uart_speed(uint32_t baud) {
    uart_drain();
    uart_driver_speed(clocks_per_bit(baud));
}
