#include "lookup.h"
#include "lookup_float.h"

#include <stddef.h>

/* Row by row, the next count is the lowest byte of `even`; then the two words are exchanged, so that
 * even and odd rows alternate. */
void sbnn_lookup_scale(const lookup_counts *counts, const float *scale, const float *bias,
                       const float *residual, float *y) {
    const uint32_t *sums = counts->counts;
    for (uint32_t j = 0; j < counts->n; j++, sums += counts->step) {
        uint32_t odd = sums[1];
        uint32_t even = sums[0] - (odd << 4);
        uint32_t place = j;
        for (uint32_t row = 0; row < counts->rows; row++, place += counts->n) {
            const int32_t factor = (int32_t)counts->k - 2 * (int32_t)(even & 255u);
            const float value = lookup_sum(lookup_product(scale[j], factor), bias[j]);
            y[place] = residual == NULL ? value : lookup_sum(residual[place], value);
            const uint32_t rest = even >> 8;
            even = odd;
            odd = rest;
        }
    }
}
