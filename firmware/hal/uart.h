/* The serial port: received bytes wait in a ring, sent bytes are waited for. */
#ifndef SBNN_HAL_UART_H
#define SBNN_HAL_UART_H

#include <stdbool.h>
#include <stdint.h>

#define UART_NEVER UINT64_MAX /* a deadline that does not come */
#define UART_RING_BYTES 2048u /* a power of two; a whole frame and more */

/* Open the port as board.h says: 8 data bits, its baud rate and parity. */
void uart_open(void);

/* Take a received byte, sleeping for it until counter_clock() reaches `deadline`; false if none came.
 * More bytes than the ring holds between two calls are lost: every protocol here checks what it gets.
 */
bool uart_receive(uint8_t *byte, uint64_t deadline);

/* Send, returning when the last byte is with the hardware. */
void uart_send(const uint8_t *bytes, uint32_t count);

/* Take no more bytes: what comes waits in the hardware, as far as it can, for who opens the port next.
 */
void uart_deafen(void);

/* Wait until the last bit has left, before a reset takes it away. */
void uart_drain(void);

/* Whether the port reaches a rate of `baud`, no slower than board.h's, within 2 %; and go over to it
 * when the last bit has left. */
bool uart_can_speed(uint32_t baud);
void uart_speed(uint32_t baud);

/* Between uart.c and a driver, which is a file hal/<driver>_uart.c that defines uart_interrupt and
 * these. */
void uart_interrupt(void); /* fetches what has been received */
void uart_driver_open(void);
void uart_driver_deafen(void);
void uart_driver_speed(uint32_t divisor); /* of SBNN_UART_CLOCK_HZ, for a bit; 16 at least */
void uart_driver_send(uint8_t byte);      /* waits for room */
void uart_driver_drain(void);             /* waits until the transmitter's buffer is empty */
void uart_received(uint8_t byte);         /* uart.c's: the driver's interrupt calls it */

#endif
