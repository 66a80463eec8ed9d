#include "helium.h"
#include "linear_helium.h"

/* HELIUM_ROWS rows at a time: count, then compare the counts with the limits. */
void sbnn_linear_packed_helium(uint32_t m, uint32_t n, uint32_t k, const uint32_t *x, const uint32_t *w,
                               const int32_t *limit, void *workspace, uint32_t *y) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t words_out = (n + 31u) / 32u;
    for (uint32_t first = 0; first < m; first += HELIUM_ROWS) {
        const uint32_t rows = m - first < HELIUM_ROWS ? m - first : HELIUM_ROWS;
        const helium_counts counts = sbnn_helium_count(rows, n, k, x + first * words, w, workspace);
        if (helium_is_wide(k)) {
            sbnn_helium_threshold_wide(&counts, limit, y + first * words_out);
        } else {
            sbnn_helium_threshold(&counts, limit, y + first * words_out);
        }
    }
}
