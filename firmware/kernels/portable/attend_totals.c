#include "attend.h"

void sbnn_attend_totals(const uint32_t *counts, uint32_t n, const int32_t *entries, uint32_t *totals) {
    for (uint32_t row = 0; row < ATTEND_ROWS; row++) {
        uint32_t total = 0;
        for (uint32_t j = 0; j < n; j++) {
            const uint32_t word = counts[ATTEND_COUNTS * j + attend_word(row)];
            total += (uint32_t)entries[word >> attend_shift(row) & 255u];
        }
        totals[row] = total;
    }
}
