#include "helium.h"
#include "linear_helium.h"

#include <stddef.h>

/* HELIUM_ROWS rows at a time: count, transpose the counts, turn them into floats. */
void sbnn_linear_float_helium(uint32_t m, uint32_t n, uint32_t k, const uint32_t *x, const uint32_t *w,
                              const float *scale, const float *bias, const float *residual,
                              void *workspace, float *y) {
    const uint32_t words = (k + 31u) / 32u;
    for (uint32_t first = 0; first < m; first += HELIUM_ROWS) {
        const uint32_t rows = m - first < HELIUM_ROWS ? m - first : HELIUM_ROWS;
        const float *const added = residual == NULL ? NULL : residual + first * n;
        const helium_counts counts = sbnn_helium_count(rows, n, k, x + first * words, w, workspace);
        if (helium_is_wide(k)) {
            sbnn_helium_turn_wide(&counts);
        } else {
            sbnn_helium_turn(&counts);
        }
        sbnn_helium_scale(&counts, scale, bias, added, y + first * n);
    }
}
