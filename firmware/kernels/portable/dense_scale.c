#include "dense.h"

#include <string.h>

/* A float16 that is no subnormal number: exponent and fraction at their places in a float, whose
 * exponent has another bias. */
static float widened(uint16_t half) {
    const uint32_t bits = (half & 0x8000u) << 16 | (half & 0x7FFFu) << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value * 0x1p112f;
}

void sbnn_dense_scale(const int32_t *sums, const float *scale, const uint16_t *bias, uint32_t n,
                      float *y) {
    for (uint32_t j = 0; j < n; j++) {
        const float product = (float)sums[DENSE_ROWS * j] * scale[j];
        y[j] = product + widened(bias[j]);
    }
}
