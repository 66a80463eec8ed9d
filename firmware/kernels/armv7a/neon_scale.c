#include "neon_affine.h"
#include "neon_counts.h"

#include <stddef.h>

/* Scalar code only: on Armv7 the vector instructions for floats flush subnormal numbers to zero. */
void sbnn_neon_scale(const uint16_t *counts, uint32_t n, uint32_t k, const float *scale,
                     const float *bias, const float *residual, float *y) {
    for (uint32_t j = 0; j < n; j++) {
        const float value = neon_affine(k, counts[j], scale[j], bias[j]);
        y[j] = residual == NULL ? value : residual[j] + value;
    }
}
