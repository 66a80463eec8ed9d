#include "attend.h"

/* Each bit of a field doubles the number of entries. A bit of 0 mismatches a 1, a bit of 1 a 0. */
void sbnn_attend_tables(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables) {
    static const uint8_t widths[] = {5, 5, 5, 5, 6, 6};
    uint32_t bit = 0;
    for (uint32_t field = 0; field < sizeof widths; field++) {
        tables[0] = 0;
        tables[1] = 0;
        for (uint32_t known = 2; known < 2u << widths[field]; known *= 2u, bit++) {
            uint32_t bits[2] = {0, 0};
            for (uint32_t row = 0; row < rows; row++) {
                bits[row / 8u] |= (x[row * stride] >> bit & 1u) << 4u * (row % 8u);
            }
            for (uint32_t place = 0; place < known; place++) {
                tables[known + place] = tables[place] + (0x11111111u - bits[place % 2u]);
                tables[place] += bits[place % 2u];
            }
        }
        tables += 2u << widths[field];
    }
}
