/* Helium: VMLADAVA adds sixteen products to a sum. CMSIS-NN's arm_nn_mat_mult_nt_t_s8 is built the same
 * way for Helium, four rows by one output. */
#include "linear_int8.h"
#include "int8_requantize.h"

#include <arm_mve.h>

/* The sums of products of `rows` rows, beginning at x, with one output. */
__attribute__((always_inline)) static inline int32x4_t int8_rows(uint32_t rows, const int8_t *x,
                                                                 const int8_t *w, uint32_t k) {
    int32_t sums[4] = {0, 0, 0, 0};
    const int8_t *row[4] = {x, x + k, x + 2u * k, x + 3u * k};
    for (uint32_t left = k / 16u; left > 0; left--) {
        const int8x16_t right = vldrbq_s8(w);
        w += 16;
#pragma GCC unroll 4
        for (uint32_t i = 0; i < rows; i++) {
            sums[i] = vmladavaq_s8(sums[i], vldrbq_s8(row[i]), right);
            row[i] += 16;
        }
    }
    if (k % 16u != 0) {
        const mve_pred16_t some = vctp8q(k % 16u);
        const int8x16_t right = vldrbq_z_s8(w, some);
#pragma GCC unroll 4
        for (uint32_t i = 0; i < rows; i++) {
            sums[i] = vmladavaq_s8(sums[i], vldrbq_z_s8(row[i], some), right);
        }
    }
    return (int32x4_t){sums[0], sums[1], sums[2], sums[3]};
}

void sbnn_linear_int8(uint32_t m, uint32_t n, uint32_t k, int32_t zero, const int8_t *x,
                      const int8_t *w, const int32_t *bias, const int32_t *multiplier,
                      const int32_t *shift, int8_t *y) {
    const uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), n);
    uint32_t i = 0;
    for (; i + 4u <= m; i += 4u) {
        for (uint32_t j = 0; j < n; j++) {
            int32x4_t sums = int8_rows(4, x + i * k, w + j * k, k);
            sums = vqrdmulhq_n_s32(vaddq_n_s32(sums, bias[j]), multiplier[j]);
            sums = vaddq_n_s32(vrshlq_n_s32(sums, -shift[j]), zero);
            sums = vminq_s32(vmaxq_s32(sums, vdupq_n_s32(-128)), vdupq_n_s32(127));
            vstrbq_scatter_offset_s32(y + i * n + j, places, sums);
        }
    }
    for (; i < m; i++) {
        for (uint32_t j = 0; j < n; j++) {
            const int32_t sum = vgetq_lane_s32(int8_rows(1, x + i * k, w + j * k, k), 0);
            y[i * n + j] = int8_requantize(sum + bias[j], zero, multiplier[j], shift[j]);
        }
    }
}
