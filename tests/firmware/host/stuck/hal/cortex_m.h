/* Without the instructions of the core, which this machine does not have. */
#ifndef SBNN_HAL_CORTEX_M_H
#define SBNN_HAL_CORTEX_M_H

#include "hal/register.h"

static inline void cortex_m_barrier(void) {
}

static inline void cortex_m_forget(uint32_t address, uint32_t count) {
    (void)address;
    (void)count;
}

static inline void cortex_m_read_all(uint32_t address, uint32_t count) {
    (void)address;
    (void)count;
}

#endif
