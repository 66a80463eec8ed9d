/* A board with only a UART, whose interrupt is a thread. */
#ifndef SBNN_BOARD_H
#define SBNN_BOARD_H

#define SBNN_COUNTER_HZ 1000000u
#define SBNN_UART_BAUD 115200u
#ifndef SBNN_UART_STEP
#define SBNN_UART_CLOCK_HZ 16000000u
#define SBNN_UART_STEP 1u
#endif
#define SBNN_UART_IRQ 0u

#endif
