#include "lookup.h"
#include "lookup_four.h"
#include "lookup_one.h"

/* Rows of one parity, of the four outputs whose bytes are in w: rows 0 2 4 6, or from row 1 on. */
__attribute__((always_inline)) static inline void four(const lookup_four *four, const uint32_t w[4],
                                                       uint32_t rows, uint32_t n) {
    LOOKUP_FOUR(four, w, "uxtab", "0", 0);
    if (rows > 2u) {
        LOOKUP_FOUR(four, w, "uxtab", "8", 2u * n);
    }
    if (rows > 4u) {
        LOOKUP_FOUR(four, w, "uxtab", "16", 4u * n);
    }
    if (rows > 6u) {
        LOOKUP_FOUR(four, w, "uxtab", "24", 6u * n);
    }
}

__attribute__((always_inline)) static inline uint32_t fours(const lookup_counts *counts,
                                                            const float *scale, const float *bias,
                                                            const float *residual, float *y) {
    const uint32_t n = counts->n;
    const uint32_t step = counts->step;
    const uint32_t rows = counts->rows;
    const uint32_t *sums = counts->counts;
    const float zero = lookup_zero(counts->k);
    uint32_t j = 0;
    for (; j + 4u <= n; j += 4u) {
        lookup_four place = {.zero = zero, .from = residual, .to = y};
        uint32_t even[4];
        uint32_t odd[4];
        for (uint32_t i = 0; i < 4u; i++) {
            place.scale[i] = *scale++;
            place.bias[i] = *bias++;
            odd[i] = sums[1];
            even[i] = sums[0] - (odd[i] << 4);
            sums += step;
        }
        four(&place, even, rows, n);
        if (rows > 1u) {
            place.to += n;
            place.from = residual == NULL ? NULL : residual + n;
            four(&place, odd, rows - 1u, n);
        }
        y += 4;
        residual = residual == NULL ? NULL : residual + 4;
    }
    return j;
}

void sbnn_lookup_scale(const lookup_counts *counts, const float *scale, const float *bias,
                       const float *residual, float *y) {
    uint32_t done = 0;
    if (counts->k % 2u == 0u) {
        done = residual == NULL ? fours(counts, scale, bias, NULL, y)
                                : fours(counts, scale, bias, residual, y);
    }
    for (uint32_t j = done; j < counts->n; j++) {
        for (uint32_t row = 0; row < counts->rows; row++) {
            const uint32_t place = row * counts->n + j;
            const float value =
                lookup_affine(counts->k, lookup_byte(counts, j, row), scale[j], bias[j]);
            y[place] = residual == NULL ? value : residual[place] + value;
        }
    }
}
