#include "linear_lookup.h"
#include "lookup.h"

#include <stddef.h>

/* 16 rows at a time: count, then turn the counts into floats in groups of eight rows. */
void sbnn_linear_float_lookup16(uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                                const uint32_t *w, const float *scale, const float *bias,
                                const float *residual, void *workspace, float *y) {
    const uint32_t words = (k + 31u) / 32u;
    for (uint32_t first = 0; first < m; first += 16u) {
        const uint32_t rows = m - first < 16u ? m - first : 16u;
        lookup_counts counts = sbnn_lookup_count16(rows, n, k, x + first * words, w, workspace);
        for (uint32_t done = 0; done < rows; done += 8u) {
            const uint32_t start = (first + done) * n;
            const float *const added = residual == NULL ? NULL : residual + start;
            counts.rows = rows - done < 8u ? rows - done : 8u;
            if (lookup_is_wide(k)) {
                sbnn_lookup_scale_wide(&counts, scale, bias, added, y + start);
            } else {
                sbnn_lookup_scale(&counts, scale, bias, added, y + start);
            }
            counts.counts += lookup_next(k);
        }
    }
}
