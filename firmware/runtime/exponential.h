/* e to a power, without the C library: its own cannot be linked on every target without an operating
 * system's start-up. */
#ifndef SBNN_RUNTIME_EXPONENTIAL_H
#define SBNN_RUNTIME_EXPONENTIAL_H

#include <stdint.h>
#include <string.h>

/* e to a power that is not above 0, within 1e-6 of it; 0 for what is no number. */
static inline float exponential(float power) {
    if (!(power > -87.0f)) {
        return 0.0f;
    }
    const int32_t twos = (int32_t)(power * 1.44269504f - 0.5f); /* rounded: it is not above 0 */
    const float rest = power - (float)twos * 0.693147181f;
    float sum = 1.0f;
    for (int i = 7; i > 0; i--) {
        sum = 1.0f + sum * rest / (float)i;
    }
    const uint32_t bits = (uint32_t)(127 + twos) << 23; /* 2 to that power */
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return sum * scale;
}

#endif
