/* Converts one sum to int8, as linear_int8.h defines it. */
#ifndef SBNN_BASELINES_INT8_REQUANTIZE_H
#define SBNN_BASELINES_INT8_REQUANTIZE_H

#include <stdint.h>

static inline int8_t int8_requantize(int32_t sum, int32_t zero, int32_t multiplier, int32_t shift) {
    const int32_t high = (int32_t)(((int64_t)sum * multiplier + (1 << 30)) >> 31);
    const int32_t value = zero + ((high + (1 << (shift - 1))) >> shift);
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

#endif
