#include "linear_lookup.h"
#include "lookup.h"

/* 16 rows at a time: count, then turn the counts into bits in groups of eight rows. */
void sbnn_linear_packed_lookup16(uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                                 const uint32_t *w, const int32_t *limit, void *workspace,
                                 uint32_t *y) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t words_out = (n + 31u) / 32u;
    for (uint32_t first = 0; first < m; first += 16u) {
        const uint32_t rows = m - first < 16u ? m - first : 16u;
        lookup_counts counts = sbnn_lookup_count16(rows, n, k, x + first * words, w, workspace);
        for (uint32_t done = 0; done < rows; done += 8u) {
            uint32_t *const out = y + (first + done) * words_out;
            counts.rows = rows - done < 8u ? rows - done : 8u;
            if (lookup_is_wide(k)) {
                sbnn_lookup_threshold_wide(&counts, limit, out);
            } else {
                sbnn_lookup_threshold(&counts, limit, out);
            }
            counts.counts += lookup_next(k);
        }
    }
}
