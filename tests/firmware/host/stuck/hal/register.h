/* Registers of hardware that does nothing: each reads as STUCK_BITS, whatever was written. */
#ifndef SBNN_HAL_REGISTER_H
#define SBNN_HAL_REGISTER_H

#include <stdint.h>

extern volatile uint32_t stuck_register;

#define REGISTER(address) (*((void)(address), stuck_register = STUCK_BITS, &stuck_register))
#define BYTE_REGISTER(address)                                                                         \
    (*((void)(address), stuck_register = STUCK_BITS, (volatile uint8_t *)&stuck_register))

#endif
