#include "lookup.h"
#include "lookup_float.h"
#include "lookup_one.h"

#include <stddef.h>

void sbnn_lookup_scale_wide(const lookup_counts *counts, const float *scale, const float *bias,
                            const float *residual, float *y) {
    for (uint32_t row = 0; row < counts->rows; row++) {
        for (uint32_t j = 0; j < counts->n; j++) {
            const uint32_t place = row * counts->n + j;
            const int32_t factor = (int32_t)counts->k - 2 * (int32_t)lookup_half(counts, j, row);
            const float value = lookup_sum(lookup_product(scale[j], factor), bias[j]);
            y[place] = residual == NULL ? value : lookup_sum(residual[place], value);
        }
    }
}
