#include "linear_lookup.h"
#include "lookup.h"

#include <stddef.h>

/* 8 rows at a time: count, then turn the counts into floats. */
void sbnn_linear_float_lookup8(uint32_t m, uint32_t n, uint32_t k, const uint32_t *x, const uint32_t *w,
                               const float *scale, const float *bias, const float *residual,
                               void *workspace, float *y) {
    const uint32_t words = (k + 31u) / 32u;
    for (uint32_t first = 0; first < m; first += 8u) {
        const uint32_t rows = m - first < 8u ? m - first : 8u;
        const lookup_counts counts = sbnn_lookup_count8(rows, n, k, x + first * words, w, workspace);
        const float *const added = residual == NULL ? NULL : residual + first * n;
        if (lookup_is_wide(k)) {
            sbnn_lookup_scale_wide(&counts, scale, bias, added, y + first * n);
        } else {
            sbnn_lookup_scale(&counts, scale, bias, added, y + first * n);
        }
    }
}
