/* The exponential function in integers: softmax on a core without an FPU then calls no function for
 * floats. */
#ifndef SBNN_RUNTIME_FIXED_EXPONENTIAL_H
#define SBNN_RUNTIME_FIXED_EXPONENTIAL_H

#include <stdint.h>

#define FIXED_ONE ((uint32_t)1 << 31) /* 1 in the format of the result */

/* The second argument of fixed_exponential for a step, a positive constant: step * log2(e) * 2^32. The
 * compiler evaluates it. For a step of 64 or more the exponential of the smallest difference is 0. */
#define FIXED_RATE(step) ((uint64_t)(((step) < 64.0 ? (step) : 64.0) * 6196328018.7194805 + 0.5))

/* e^(-difference * step), 1 being FIXED_ONE, with an error of at most 16 of its units, plus the
 * rounding of the rate. The difference may have 17 bits. */
static inline uint32_t fixed_exponential(uint32_t difference, uint64_t rate) {
    const uint64_t power = difference * rate; /* e^x = 2^-power, 32 bits after the point */
    const uint64_t twos = power >> 32;
    if (twos > 31u) {
        return 0;
    }
    const uint32_t rest =
        (uint32_t)(((power & UINT32_MAX) * 2977044472u) >> 33); /* times log(2): e^-rest, 31 bits */
    uint32_t sum = FIXED_ONE;
    for (uint32_t i = 9; i > 0; i--) { /* the Taylor series by Horner: 1 - rest * sum / i */
        sum = FIXED_ONE - (uint32_t)(((uint64_t)rest * sum) >> 31) / i;
    }
    return sum >> twos;
}

#endif
