/* The pin that an energy meter watches: high while a model runs. Boards without such a pin do
 * nothing. */
#ifndef SBNN_HAL_ENERGY_H
#define SBNN_HAL_ENERGY_H

#include "board.h"
#include "hal/register.h"

static inline void energy_raise(void) {
#ifdef SBNN_ENERGY_RAISE
    SBNN_ENERGY_RAISE();
#endif
}

static inline void energy_lower(void) {
#ifdef SBNN_ENERGY_LOWER
    SBNN_ENERGY_LOWER();
#endif
}

#endif
