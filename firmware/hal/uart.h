/* The serial port: received bytes wait in a ring buffer, sending blocks. */
#ifndef SBNN_HAL_UART_H
#define SBNN_HAL_UART_H

#include <stdbool.h>
#include <stdint.h>

#define UART_NEVER UINT64_MAX /* a deadline that is never reached */
#define UART_RING_BYTES 2048u /* a power of two; holds more than a whole frame */

/* Open the port as board.h says: 8 data bits, its baud rate and parity. */
void uart_open(void);

/* Take a received byte; sleep until one arrives or counter_clock() reaches `deadline`. Returns false if
 * none arrived. Bytes that do not fit the ring between two calls are lost: every protocol here has
 * checksums. */
bool uart_receive(uint8_t *byte, uint64_t deadline);

/* Send, and return when the last byte has been given to the hardware. */
void uart_send(const uint8_t *bytes, uint32_t count);

/* Take no more bytes. What arrives waits in the hardware, as far as it has room, for the program that
 * opens the port next. */
void uart_deafen(void);

/* Wait until the last bit has been sent; a reset would cut it off. */
void uart_drain(void);

/* uart_can_speed: whether the port can run at `baud`, not slower than board.h's rate, within 2 %.
 * uart_speed: change to it after the last bit has been sent. */
bool uart_can_speed(uint32_t baud);
void uart_speed(uint32_t baud);

/* Between uart.c and a driver. A driver is a file hal/<driver>_uart.c that defines uart_interrupt and
 * these functions. */
void uart_interrupt(void); /* fetches what has been received */
void uart_driver_open(void);
void uart_driver_deafen(void);
void uart_driver_speed(uint32_t divisor); /* clocks of SBNN_UART_CLOCK_HZ per bit; at least 16 */
void uart_driver_send(uint8_t byte);      /* waits for room */
void uart_driver_drain(void);             /* waits until the transmitter's buffer is empty */
void uart_received(uint8_t byte);         /* defined in uart.c; the driver's interrupt calls it */

#endif
