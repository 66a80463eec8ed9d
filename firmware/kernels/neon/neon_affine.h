/* A single output. */
#ifndef SBNN_KERNELS_NEON_AFFINE_H
#define SBNN_KERNELS_NEON_AFFINE_H

#include <stdint.h>

/* Each operation rounds separately; -ffp-contract=off keeps the compiler from using a fused
 * multiply-add. */
static inline float neon_affine(uint32_t k, uint32_t count, float scale, float bias) {
    const float product = scale * (float)((int32_t)k - 2 * (int32_t)count);
    return product + bias;
}

#endif
