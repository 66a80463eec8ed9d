#include "helium.h"

#include <arm_mve.h>

#define FLUSH 256u /* the sum of 256 bytes fits a halfword */

/* Add to the totals of 16 rows, over at most FLUSH outputs. */
static void add(const uint8_t *counts, uint32_t n, const uint8_t *low, const uint8_t *high,
                uint32_t *totals) {
    uint16x8_t low_even = vdupq_n_u16(0);
    uint16x8_t low_odd = vdupq_n_u16(0);
    uint16x8_t high_even = vdupq_n_u16(0);
    uint16x8_t high_odd = vdupq_n_u16(0);
    for (; n > 0u; n--) {
        const uint8x16_t places = vld1q_u8(counts);
        const uint8x16_t lows = vldrbq_gather_offset_u8(low, places);
        const uint8x16_t highs = vldrbq_gather_offset_u8(high, places);
        low_even = vaddq_u16(low_even, vmovlbq_u8(lows));
        low_odd = vaddq_u16(low_odd, vmovltq_u8(lows));
        high_even = vaddq_u16(high_even, vmovlbq_u8(highs));
        high_odd = vaddq_u16(high_odd, vmovltq_u8(highs));
        counts += 32;
    }
    uint16_t sums[4][8];
    vst1q_u16(sums[0], low_even);
    vst1q_u16(sums[1], low_odd);
    vst1q_u16(sums[2], high_even);
    vst1q_u16(sums[3], high_odd);
    for (uint32_t row = 0; row < 16u; row++) {
        totals[row] += sums[row % 2u][row / 2u] + 256u * sums[2u + row % 2u][row / 2u];
    }
}

void sbnn_helium_totals(const helium_counts *counts, const uint8_t *low, const uint8_t *high,
                        uint32_t *totals) {
    for (uint32_t row = 0; row < HELIUM_ROWS; row++) {
        totals[row] = 0;
    }
    for (uint32_t first = 0; first < counts->n; first += FLUSH) {
        const uint32_t n = counts->n - first < FLUSH ? counts->n - first : FLUSH;
        add(counts->sums + 32u * first, n, low, high, totals);
        add(counts->sums + 32u * first + 16u, n, low, high, totals + 16);
    }
}
