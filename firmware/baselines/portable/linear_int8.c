/* Plain C: one multiplication and one addition per term. */
#include "int8_tiles.h"

static inline int8_sums int8_tile(uint32_t rows, uint32_t outputs, const int8_t *x, const int8_t *w,
                                  uint32_t k) {
    int8_sums sums = {{{0}}};
    for (uint32_t p = 0; p < k; p++) {
#pragma GCC unroll 2
        for (uint32_t row = 0; row < rows; row++) {
#pragma GCC unroll 2
            for (uint32_t j = 0; j < outputs; j++) {
                sums.of[row][j] += x[row * k + p] * w[j * k + p];
            }
        }
    }
    return sums;
}
