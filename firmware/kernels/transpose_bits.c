#include "linear_transpose.h"

#define SIDE 32u

/* Exchange the bits of a at `mask`, moved up by `shift`, with the bits of b at `mask`. */
#define EXCHANGE(a, b, shift, mask)                                                                    \
    do {                                                                                               \
        const uint32_t other = ((a) >> (shift) ^ (b)) & (mask);                                        \
        (b) ^= other;                                                                                  \
        (a) ^= other << (shift);                                                                       \
    } while (0)

/* Read 32 rows of a column of words, and exchange quarters: halfwords of rows 16 apart, then bytes of
 * rows 8 apart. Rows that do not exist are zeros. */
static void read_block(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t block[SIDE]) {
    for (uint32_t i = 0; i < SIDE / 4u; i++) {
        uint32_t a[4];
#pragma GCC unroll 4
        for (uint32_t part = 0; part < 4u; part++) {
            const uint32_t row = i + 8u * part;
            a[part] = row < rows ? x[row * stride] : 0u;
        }
        EXCHANGE(a[0], a[2], 16, 0x0000FFFFu);
        EXCHANGE(a[1], a[3], 16, 0x0000FFFFu);
        EXCHANGE(a[0], a[1], 8, 0x00FF00FFu);
        EXCHANGE(a[2], a[3], 8, 0x00FF00FFu);
        block[i] = a[0];
        block[i + 8u] = a[1];
        block[i + 16u] = a[2];
        block[i + 24u] = a[3];
    }
}

/* Exchange nibbles, pairs and bits within every eight rows, and write as many rows as there are, which
 * is a multiple of eight. */
static void write_block(const uint32_t block[SIDE], uint32_t rows, uint32_t *y, uint32_t stride) {
    for (uint32_t first = 0; first < SIDE && first < rows; first += 8u) {
        uint32_t a[8];
#pragma GCC unroll 8
        for (uint32_t i = 0; i < 8u; i++) {
            a[i] = block[first + i];
        }
#pragma GCC unroll 8
        for (uint32_t i = 0; i < 4u; i++) {
            EXCHANGE(a[i], a[i + 4u], 4, 0x0F0F0F0Fu);
        }
#pragma GCC unroll 8
        for (uint32_t i = 0; i < 8u; i++) {
            if ((i & 2u) == 0u) {
                EXCHANGE(a[i], a[i + 2u], 2, 0x33333333u);
            }
        }
#pragma GCC unroll 8
        for (uint32_t i = 0; i < 8u; i += 2u) {
            EXCHANGE(a[i], a[i + 1u], 1, 0x55555555u);
        }
#pragma GCC unroll 8
        for (uint32_t i = 0; i < 8u; i++) {
            *y = a[i];
            y += stride;
        }
    }
}

void sbnn_transpose_bits(uint32_t heads, uint32_t m, uint32_t k, const uint32_t *x, uint32_t *y) {
    const uint32_t words = (k + SIDE - 1u) / SIDE;
    const uint32_t words_out = (m + SIDE - 1u) / SIDE;
    for (; heads > 0u; heads--) {
        for (uint32_t row = 0; row < words_out; row++) {
            for (uint32_t column = 0; column < words; column++) {
                uint32_t block[SIDE];
                read_block(x + row * SIDE * words + column, words, m - row * SIDE, block);
                write_block(block, k - column * SIDE, y + column * SIDE * words_out + row, words_out);
            }
        }
        x += m * words;
        y += k * words_out;
    }
}
