#include "lookup.h"
#include "lookup_one.h"

#include <stddef.h>

void sbnn_lookup_scale(const lookup_counts *counts, const float *scale, const float *bias,
                       const float *residual, float *y) {
    for (uint32_t row = 0; row < counts->rows; row++) {
        for (uint32_t j = 0; j < counts->n; j++) {
            const uint32_t place = row * counts->n + j;
            const float value =
                lookup_affine(counts->k, lookup_byte(counts, j, row), scale[j], bias[j]);
            y[place] = residual == NULL ? value : residual[place] + value;
        }
    }
}
