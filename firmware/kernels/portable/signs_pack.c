#include "linear_signs.h"

void sbnn_pack_signs(uint32_t m, uint32_t k, const float *x, const float *threshold, uint32_t *y) {
    for (uint32_t word = 0; word < m * (k / 32u); word++, x += 32) {
        const float *const limits = threshold + 32u * (word % (k / 32u));
        uint32_t bits = 0;
        for (uint32_t j = 0; j < 32u; j++) {
            bits |= (uint32_t)(x[j] >= limits[j]) << j;
        }
        y[word] = bits;
    }
}
