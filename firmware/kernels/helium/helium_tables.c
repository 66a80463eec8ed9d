#include "helium.h"

#include <arm_mve.h>

#define BITS 0x11u /* one in each nibble */

/* Gather that word of 32 rows; 0 for rows that do not exist. */
static void fetch(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *words) {
    const uint32x4_t offsets = vmulq_n_u32(vidupq_n_u32(0, 4), stride);
    for (uint32_t row = 0; row < HELIUM_ROWS; row += 4u) {
        if (rows >= row + 4u) {
            vst1q_u32(words + row, vldrwq_gather_offset_u32(x, offsets));
        } else {
            const mve_pred16_t there = vctp32q(rows > row ? rows - row : 0u);
            vst1q_u32(words + row, vldrwq_gather_offset_z_u32(x, offsets, there));
        }
        x += 4u * stride;
    }
}

/* Write four vectors, one per bit of the nibbles of `both`: the bit of rows 0 to 15 in the low nibbles,
 * of rows 16 to 31 in the high nibbles. */
static inline void nibbles(uint8x16_t both, uint8_t *columns) {
    vst1q_u8(columns, vandq_u8(both, vdupq_n_u8(BITS)));
    vst1q_u8(columns + 16, vandq_u8(vshrq_n_u8(both, 1), vdupq_n_u8(BITS)));
    vst1q_u8(columns + 32, vandq_u8(vshrq_n_u8(both, 2), vdupq_n_u8(BITS)));
    vst1q_u8(columns + 48, vandq_u8(vshrq_n_u8(both, 3), vdupq_n_u8(BITS)));
}

/* Write 32 vectors, one per bit of a word, with their nibbles in the order of a table. */
static void transpose(const uint32_t *words, uint8_t *columns) {
    const uint8x16x4_t low = vld4q_u8((const uint8_t *)words);
    const uint8x16x4_t high = vld4q_u8((const uint8_t *)(words + 16));
    for (uint32_t byte = 0; byte < 4u; byte++) {
        nibbles(vsliq_n_u8(low.val[byte], high.val[byte], 4), columns + 128u * byte);
        nibbles(vsriq_n_u8(high.val[byte], low.val[byte], 4), columns + 128u * byte + 64u);
    }
}

void sbnn_helium_tables(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t two,
                        uint8_t *tables) {
    /* The bias that is subtracted from the high nibbles of A, B and C, for each half of each word. Each
     * group's biases move its sum into -8 to 7; together they are HELIUM_PAIR_BELOW for both words and
     * HELIUM_ONE_BELOW for the first word alone. */
    static const uint8_t below[4][3] = {{8, 5, 8}, {0, 0, 0}, {0, 5, 0}, {6, 0, 0}};
    uint32_t words[HELIUM_ROWS];
    uint8_t columns[32u * 16u] __attribute__((aligned(8)));
    for (uint32_t half = 0; half < (two ? 4u : 2u); half++) {
        const uint8_t *const bits = columns + half % 2u * 256u;
        const uint8_t *const less = below[half];
        if (half % 2u == 0u) {
            fetch(x + half / 2u, stride, rows, words);
            transpose(words, columns);
        }
        sbnn_helium_fill5(tables + 16u * half, bits, 256u - 16u * less[0]);
        sbnn_helium_fill6(tables + HELIUM_B_TABLES + 16u * half, bits + 80, 256u - 16u * less[1]);
        sbnn_helium_fill5(tables + 64u + 16u * half, bits + 176, 256u - 16u * less[2]);
    }
}
