/* A single count, for the outputs that remain after a layer's full blocks. */
#ifndef SBNN_KERNELS_LOOKUP_ONE_H
#define SBNN_KERNELS_LOOKUP_ONE_H

#include "lookup.h"

/* The count of row `row` (0 to 7) for output `j`, from pairs of sums. */
static inline uint32_t lookup_byte(const lookup_counts *counts, uint32_t j, uint32_t row) {
    const uint32_t *const sums = counts->counts + j * counts->step;
    const uint32_t lanes = row & 1u ? sums[1] : sums[0] - (sums[1] << 4);
    return lanes >> (row / 2u * 8u) & 255u;
}

/* The same from wide counts. */
static inline uint32_t lookup_half(const lookup_counts *counts, uint32_t j, uint32_t row) {
    const uint32_t lanes = counts->counts[j * counts->step + (row & 1u) * 2u + (row >> 1 & 1u)];
    return lanes >> (row / 4u * 16u) & 65535u;
}

/* Each operation rounds separately; -ffp-contract=off keeps the compiler from using a fused
 * multiply-add. */
static inline float lookup_affine(uint32_t k, uint32_t count, float scale, float bias) {
    const float product = scale * (float)((int32_t)k - 2 * (int32_t)count);
    return product + bias;
}

#endif
