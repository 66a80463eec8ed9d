/* A register of a peripheral, of 32 or 8 bits. */
#ifndef SBNN_HAL_REGISTER_H
#define SBNN_HAL_REGISTER_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define BYTE_REGISTER(address) (*(volatile uint8_t *)(uintptr_t)(address))

#endif
