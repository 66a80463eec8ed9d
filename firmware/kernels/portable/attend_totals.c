#include "attend.h"

void sbnn_attend_totals(const uint32_t *counts, uint32_t n, const int32_t *entries, uint32_t *totals) {
    for (uint32_t byte = 0; byte < ATTEND_ROWS; byte++) {
        uint32_t total = 0;
        for (uint32_t j = 0; j < n; j++) {
            const uint32_t word = counts[ATTEND_COUNTS * j + byte / 4u];
            total += (uint32_t)entries[word >> byte % 4u * 8u & 255u];
        }
        totals[byte] = total;
    }
}
