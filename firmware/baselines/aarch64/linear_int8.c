/* NEON without the dot product instructions. SMULL and SMLAL2 add two products in a halfword, where
 * they fit because no weight is -128; SADALP adds these halfwords to the sums. A tile of four rows by
 * four outputs uses each loaded vector four times. */
#include "linear_int8.h"
#include "int8_requantize.h"

#include <arm_neon.h>

enum { FOUR = 4, STEP = 16 };

typedef struct {
    int32x4_t of[FOUR]; /* one vector per row: the sums of four outputs */
} int8_sums;

/* Load sixteen terms, or the remaining ones followed by zeros. */
static inline int8x16_t int8_read(const int8_t *from, uint32_t terms) {
    if (terms >= STEP) {
        return vld1q_s8(from);
    }
    int8_t some[STEP] = {0};
    for (uint32_t p = 0; p < terms; p++) {
        some[p] = from[p];
    }
    return vld1q_s8(some);
}

/* Add the products of the next terms, at most sixteen, to the four partial sums of each row and
 * output. */
__attribute__((always_inline)) static inline void int8_step(uint32_t rows, uint32_t outputs,
                                                            const int8_t *x, const int8_t *w,
                                                            uint32_t k, uint32_t terms,
                                                            int32x4_t part[FOUR][FOUR]) {
    int8x16_t left[FOUR];
#pragma GCC unroll 4
    for (uint32_t row = 0; row < rows; row++) {
        left[row] = int8_read(x + row * k, terms);
    }
#pragma GCC unroll 4
    for (uint32_t j = 0; j < outputs; j++) {
        const int8x16_t right = int8_read(w + j * k, terms);
#pragma GCC unroll 4
        for (uint32_t row = 0; row < rows; row++) {
            const int16x8_t low = vmull_s8(vget_low_s8(left[row]), vget_low_s8(right));
            part[row][j] = vpadalq_s16(part[row][j], vmlal_high_s8(low, left[row], right));
        }
    }
}

/* The sums of products of `rows` rows (1 or 4), beginning at x, with `outputs` outputs (1 or 4),
 * beginning at w. */
__attribute__((always_inline)) static inline int8_sums
int8_tile(uint32_t rows, uint32_t outputs, const int8_t *x, const int8_t *w, uint32_t k) {
    int32x4_t part[FOUR][FOUR];
    int8_sums sums;
#pragma GCC unroll 4
    for (uint32_t row = 0; row < FOUR; row++) {
#pragma GCC unroll 4
        for (uint32_t j = 0; j < FOUR; j++) {
            part[row][j] = vdupq_n_s32(0);
        }
    }
    uint32_t p = 0;
    for (; p + STEP <= k; p += STEP) {
        int8_step(rows, outputs, x + p, w + p, k, STEP, part);
    }
    if (p < k) {
        int8_step(rows, outputs, x + p, w + p, k, k - p, part);
    }
#pragma GCC unroll 4
    for (uint32_t row = 0; row < FOUR; row++) {
        const int32x4_t low = vpaddq_s32(part[row][0], part[row][1]);
        sums.of[row] = vpaddq_s32(low, vpaddq_s32(part[row][2], part[row][3]));
    }
    return sums;
}

__attribute__((always_inline)) static inline void
int8_rows(uint32_t rows, uint32_t n, uint32_t k, int32_t zero, const int8_t *x, const int8_t *w,
          const int32_t *bias, const int32_t *multiplier, const int32_t *shift, int8_t *y) {
    uint32_t j = 0;
    for (; j + FOUR <= n; j += FOUR) {
        const int8_sums sums = int8_tile(rows, FOUR, x, w + j * k, k);
        const int32x4_t back = vnegq_s32(vld1q_s32(shift + j));
#pragma GCC unroll 4
        for (uint32_t row = 0; row < rows; row++) {
            const int32x4_t sum = vaddq_s32(sums.of[row], vld1q_s32(bias + j));
            const int32x4_t value = vrshlq_s32(vqrdmulhq_s32(sum, vld1q_s32(multiplier + j)), back);
            const int16x4_t half = vqmovn_s32(vaddq_s32(value, vdupq_n_s32(zero)));
            const int8x8_t bytes = vqmovn_s16(vcombine_s16(half, half));
            vst1_lane_s32((int32_t *)(void *)(y + row * n + j), vreinterpret_s32_s8(bytes), 0);
        }
    }
    for (; j < n; j++) {
        const int8_sums sums = int8_tile(rows, 1, x, w + j * k, k);
#pragma GCC unroll 4
        for (uint32_t row = 0; row < rows; row++) {
            const int32_t sum = vgetq_lane_s32(sums.of[row], 0);
            y[row * n + j] = int8_requantize(sum + bias[j], zero, multiplier[j], shift[j]);
        }
    }
}

void sbnn_linear_int8(uint32_t m, uint32_t n, uint32_t k, int32_t zero, const int8_t *x,
                      const int8_t *w, const int32_t *bias, const int32_t *multiplier,
                      const int32_t *shift, int8_t *y) {
    uint32_t i = 0;
    for (; i + FOUR <= m; i += FOUR) {
        int8_rows(FOUR, n, k, zero, x + i * k, w, bias, multiplier, shift, y + i * n);
    }
    for (; i < m; i++) {
        int8_rows(1, n, k, zero, x + i * k, w, bias, multiplier, shift, y + i * n);
    }
}
