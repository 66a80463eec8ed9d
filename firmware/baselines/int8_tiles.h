/* A layer in tiles of 2 rows by 2 outputs, which use each loaded term twice. The file that includes
 * this one must define int8_tile. */
#ifndef SBNN_BASELINES_INT8_TILES_H
#define SBNN_BASELINES_INT8_TILES_H

#include "int8_requantize.h"
#include "linear_int8.h"

typedef struct {
    int32_t of[2][2]; /* row, output */
} int8_sums;

/* The sums of products of `rows` rows (1 or 2), beginning at x, with `outputs` outputs (1 or 2),
 * beginning at w. */
static inline int8_sums int8_tile(uint32_t rows, uint32_t outputs, const int8_t *x, const int8_t *w,
                                  uint32_t k) __attribute__((always_inline));

__attribute__((always_inline)) static inline void
int8_finish(uint32_t rows, uint32_t outputs, uint32_t n, uint32_t k, int32_t zero, const int8_t *x,
            const int8_t *w, const int32_t *bias, const int32_t *multiplier, const int32_t *shift,
            int8_t *y) {
    const int8_sums sums = int8_tile(rows, outputs, x, w, k);
    for (uint32_t row = 0; row < rows; row++) {
        for (uint32_t j = 0; j < outputs; j++) {
            y[row * n + j] = int8_requantize(sums.of[row][j] + bias[j], zero, multiplier[j], shift[j]);
        }
    }
}

__attribute__((always_inline)) static inline void
int8_outputs(uint32_t outputs, uint32_t m, uint32_t n, uint32_t k, int32_t zero, const int8_t *x,
             const int8_t *w, const int32_t *bias, const int32_t *multiplier, const int32_t *shift,
             int8_t *y) {
    uint32_t i = 0;
    for (; i + 2u <= m; i += 2u) {
        int8_finish(2, outputs, n, k, zero, x + i * k, w, bias, multiplier, shift, y + i * n);
    }
    if (i < m) {
        int8_finish(1, outputs, n, k, zero, x + i * k, w, bias, multiplier, shift, y + i * n);
    }
}

void sbnn_linear_int8(uint32_t m, uint32_t n, uint32_t k, int32_t zero, const int8_t *x,
                      const int8_t *w, const int32_t *bias, const int32_t *multiplier,
                      const int32_t *shift, int8_t *y) {
    uint32_t j = 0;
    for (; j + 2u <= n; j += 2u) {
        int8_outputs(2, m, n, k, zero, x, w + j * k, bias + j, multiplier + j, shift + j, y + j);
    }
    if (j < n) {
        int8_outputs(1, m, n, k, zero, x, w + j * k, bias + j, multiplier + j, shift + j, y + j);
    }
}

#endif
