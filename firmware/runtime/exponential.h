/* The exponential function without the C library: that library's own cannot be linked on every target
 * without an operating system's start-up code. */
#ifndef SBNN_RUNTIME_EXPONENTIAL_H
#define SBNN_RUNTIME_EXPONENTIAL_H

#include <stdint.h>
#include <string.h>

/* e^power for power <= 0, with a relative error below 1e-6; 0 for NaN. */
static inline float exponential(float power) {
    /* Below -87.3 the result would be no normal number, and 2^twos below could not be built. */
    if (!(power > -87.0f)) {
        return 0.0f;
    }
    const int32_t twos =
        (int32_t)(power * 1.44269504f - 0.5f); /* rounds to the nearest, as power <= 0 */
    const float rest = power - (float)twos * 0.693147181f;
    /* The series of e^rest: |rest| <= ln 2 / 2, so the term after the seventh is below 1e-8. */
    float sum = 1.0f;
    for (int i = 7; i > 0; i--) {
        sum = 1.0f + sum * rest / (float)i;
    }
    const uint32_t bits = (uint32_t)(127 + twos) << 23; /* the float 2^twos */
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return sum * scale;
}

#endif
