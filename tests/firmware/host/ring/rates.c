/* Prints for each rate among the arguments the clocks of a bit that uart.c gives to the driver, or that
 * it refuses the rate. */
#include <stdio.h>
#include <stdlib.h>

#include "hal/counter.h"
#include "hal/cpu.h"
#include "hal/uart.h"

static uint64_t now;
static uint32_t clocks;

uint64_t counter_clock(void) {
    return now++;
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
    clocks = divisor;
}

void uart_driver_send(uint8_t byte) {
    (void)byte;
}

void uart_driver_drain(void) {
}

int main(int count, char **rates) {
    for (int i = 1; i < count; i++) {
        const uint32_t baud = (uint32_t)strtoul(rates[i], NULL, 10);
        if (uart_can_speed(baud)) {
            uart_speed(baud);
            printf("%u\n", (unsigned)clocks);
        } else {
            puts("no");
        }
    }
    return 0;
}
