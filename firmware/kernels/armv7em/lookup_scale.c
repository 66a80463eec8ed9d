#include "lookup.h"
#include "lookup_fours.h"
#include "lookup_one.h"

#include <stddef.h>

/* Complete groups of four outputs in assembly, the remaining outputs singly. */
void sbnn_lookup_scale(const lookup_counts *counts, const float *scale, const float *bias,
                       const float *residual, float *y) {
    const uint32_t rows = counts->rows;
    const uint32_t flags[4] = {lookup_flags((rows + 1u) / 2u), lookup_flags(rows / 2u), 0, 0};
    const uint32_t done = lookup_run_fours(counts, scale, bias, residual, y, flags, sbnn_lookup_fours);
    for (uint32_t j = done; j < counts->n; j++) {
        for (uint32_t row = 0; row < rows; row++) {
            const uint32_t place = row * counts->n + j;
            const float value =
                lookup_affine(counts->k, lookup_byte(counts, j, row), scale[j], bias[j]);
            y[place] = residual == NULL ? value : residual[place] + value;
        }
    }
}
