#include "dense.h"

/* Halfword `place` (0 or 1) of a word. */
static int32_t half(uint32_t word, uint32_t place) {
    return (int32_t)(word >> 16u * place & 0xFFFFu);
}

void sbnn_dense_sums(const uint32_t *x, const int8_t *w, uint32_t terms, uint32_t n, int32_t *sums) {
    for (uint32_t j = 0; j < n; j++, w += terms) {
        for (uint32_t row = 0; row < DENSE_ROWS; row++) {
            int32_t sum = 0;
            for (uint32_t term = 0; term < terms; term++) {
                const uint32_t *const words = x + term / 4u * 2u * DENSE_ROWS + 2u * row;
                sum += half(words[term & 1u], term >> 1 & 1u) * w[term];
            }
            *sums++ = sum;
        }
    }
}
