#include <arm_neon.h>
#include <stddef.h>

#include "neon.h"
#include "neon_affine.h"

/* scale * (float)(k - 2 * counts) + bias for four outputs. Multiplication and addition are separate
 * instructions, so that each rounds as the scalar code does. */
static inline float32x4_t affine(int32x4_t k, uint16x4_t counts, const float *scale,
                                 const float *bias) {
    const int32x4_t twice = vreinterpretq_s32_u32(vshll_n_u16(counts, 1));
    const float32x4_t product = vmulq_f32(vld1q_f32(scale), vcvtq_f32_s32(vsubq_s32(k, twice)));
    return vaddq_f32(product, vld1q_f32(bias));
}

/* Four outputs per step, then the remaining ones singly. AArch64's vector floats keep subnormal
 * numbers, so the results equal those of scalar code. */
void sbnn_neon_scale(const uint16_t *counts, uint32_t n, uint32_t k, const float *scale,
                     const float *bias, const float *residual, float *y) {
    const int32x4_t bits = vdupq_n_s32((int32_t)k);
    uint32_t j = 0;
    if (residual == NULL) {
        for (; j + 4u <= n; j += 4u) {
            vst1q_f32(y + j, affine(bits, vld1_u16(counts + j), scale + j, bias + j));
        }
    } else {
        for (; j + 4u <= n; j += 4u) {
            const float32x4_t value = affine(bits, vld1_u16(counts + j), scale + j, bias + j);
            vst1q_f32(y + j, vaddq_f32(vld1q_f32(residual + j), value));
        }
    }
    for (; j < n; j++) {
        const float value = neon_affine(k, counts[j], scale[j], bias[j]);
        y[j] = residual == NULL ? value : residual[j] + value;
    }
}
