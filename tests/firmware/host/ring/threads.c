/* The ring of uart.c between two threads: one is the interrupt that receives, the other is the program.
 * The thread sanitizer reports an access that no atomic operation orders. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>

#include "hal/counter.h"
#include "hal/cpu.h"
#include "hal/uart.h"

#define ROUNDS 20u

static sem_t room;

uint64_t counter_clock(void) {
    return 0;
}

uint32_t cpu_mask(void) {
    return 0;
}

void cpu_unmask(uint32_t before) {
    (void)before;
}

void cpu_sleep(void) {
}

void cpu_enable_interrupt(uint32_t number) {
    (void)number;
}

void uart_driver_open(void) {
}

void uart_driver_deafen(void) {
}

void uart_driver_speed(uint32_t divisor) {
    (void)divisor;
}

void uart_driver_send(uint8_t byte) {
    (void)byte;
}

void uart_driver_drain(void) {
}

static void *interrupts(void *unused) {
    for (uint32_t i = 0; i < ROUNDS * UART_RING_BYTES; i++) {
        if (i % UART_RING_BYTES == 0u) {
            sem_wait(&room);
        }
        uart_received((uint8_t)(i * 7u));
    }
    return unused;
}

int main(void) {
    pthread_t thread;
    sem_init(&room, 0, 1);
    uart_open();
    pthread_create(&thread, NULL, interrupts, NULL);
    for (uint32_t i = 0; i < ROUNDS * UART_RING_BYTES; i++) {
        uint8_t byte;
        if (!uart_receive(&byte, UART_NEVER) || byte != (uint8_t)(i * 7u)) {
            printf("byte %u is wrong\n", (unsigned)i);
            return 1;
        }
        if (i % UART_RING_BYTES == UART_RING_BYTES - 1u) {
            sem_post(&room);
        }
    }
    pthread_join(thread, NULL);
    return 0;
}
