/* A 32-bit register of a peripheral. */
#ifndef SBNN_HAL_REGISTER_H
#define SBNN_HAL_REGISTER_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

#endif
