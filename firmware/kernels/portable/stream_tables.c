#include "stream.h"

#define ONES 0x11111111u

/* Bit `bit` of every row; row t in nibble t. */
static uint32_t column(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t bit) {
    uint32_t bits = 0;
    for (uint32_t row = 0; row < rows; row++) {
        bits |= (x[row * stride] >> bit & 1u) << (4u * row);
    }
    return bits;
}

void sbnn_stream_tables(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables) {
    static const uint8_t widths[] = {5, 5, 5, 5, 6, 6};
    uint32_t bit = 0;
    for (uint32_t field = 0; field < sizeof widths; field++) {
        tables[0] = 0;
        for (uint32_t known = 1; known < 1u << widths[field]; known *= 2u, bit++) {
            /* A weight bit of 0 mismatches a 1, a weight bit of 1 mismatches a 0. Each bit doubles the
             * number of entries. */
            const uint32_t bits = column(x, stride, rows, bit);
            for (uint32_t entry = 0; entry < known; entry++) {
                tables[known + entry] = tables[entry] + (ONES - bits);
                tables[entry] += bits;
            }
        }
        tables += 1u << widths[field];
    }
}
