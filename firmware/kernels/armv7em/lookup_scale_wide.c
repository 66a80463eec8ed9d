#include "lookup.h"
#include "lookup_fours.h"
#include "lookup_one.h"

#include <stddef.h>

/* Complete groups of four outputs in assembly, the remaining outputs singly. The flags count the rows
 * of each word: 0 and 4, 2 and 6, 1 and 5, 3 and 7. */
void sbnn_lookup_scale_wide(const lookup_counts *counts, const float *scale, const float *bias,
                            const float *residual, float *y) {
    const uint32_t rows = counts->rows;
    const uint32_t flags[4] = {lookup_flags((rows + 3u) / 4u), lookup_flags((rows + 1u) / 4u),
                               lookup_flags((rows + 2u) / 4u), lookup_flags(rows / 4u)};
    const uint32_t done =
        lookup_run_fours(counts, scale, bias, residual, y, flags, sbnn_lookup_fours_wide);
    for (uint32_t j = done; j < counts->n; j++) {
        for (uint32_t row = 0; row < rows; row++) {
            const uint32_t place = row * counts->n + j;
            const float value =
                lookup_affine(counts->k, lookup_half(counts, j, row), scale[j], bias[j]);
            y[place] = residual == NULL ? value : residual[place] + value;
        }
    }
}
