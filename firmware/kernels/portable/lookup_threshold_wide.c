#include "lookup.h"
#include "lookup_one.h"

void sbnn_lookup_threshold_wide(const lookup_counts *counts, const int32_t *limit, uint32_t *y) {
    const uint32_t words = (counts->n + 31u) / 32u;
    for (uint32_t row = 0; row < counts->rows; row++) {
        uint32_t word = 0;
        for (uint32_t j = 0; j < counts->n; j++) {
            word |= (uint32_t)(lookup_half(counts, j, row) < (uint32_t)limit[j]) << (j % 32u);
            if (j % 32u == 31u || j + 1u == counts->n) {
                y[row * words + j / 32u] = word;
                word = 0;
            }
        }
    }
}
