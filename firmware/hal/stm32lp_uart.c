/* ST's LPUART (STM32L4, L4+, L5, G0, G4, H7, U5): the registers of stm32v2_uart.c, but its divisor has
 * 20 bits and counts in 1/256 of a clock. */
#define BRR_PER_CLOCK 256u

#include "hal/stm32v2_uart.c"
