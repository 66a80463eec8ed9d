#include "neon_tile.h"

#include <string.h>

/* At most NEON_BYTE_WORDS words of K per step: count each tile of the panel in bytes, then add the
 * bytes to the halfword counts in memory. */
void sbnn_neon_count(const uint32_t *x, uint32_t rows, const uint8_t *panel, uint32_t words,
                     uint16_t *counts) {
    const neon_rows all = neon_rows_at(x, words, rows);
    memset(counts, 0, NEON_ROWS * NEON_PANEL * sizeof *counts);
    for (uint32_t first = 0; first < words; first += NEON_BYTE_WORDS) {
        const uint32_t last = words - first < NEON_BYTE_WORDS ? words : first + NEON_BYTE_WORDS;
        for (uint32_t lane = 0; lane < NEON_PANEL; lane += 16u * NEON_WIDTH) {
            const neon_tile tile = neon_count(&all, panel + lane, first, last);
            NEON_UNROLL
            for (uint32_t t = 0; t < NEON_ROWS; t++) {
                uint16_t *const to = counts + t * NEON_PANEL + lane;
                NEON_UNROLL
                for (uint32_t c = 0; c < NEON_WIDTH; c++) {
                    const uint8x16_t sum = tile.of[t][c];
                    vst1q_u16(to + 16u * c, vaddw_u8(vld1q_u16(to + 16u * c), vget_low_u8(sum)));
                    vst1q_u16(to + 16u * c + 8u,
                              vaddw_u8(vld1q_u16(to + 16u * c + 8u), vget_high_u8(sum)));
                }
            }
        }
    }
}
