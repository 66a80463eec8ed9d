#include "a64_ends.h"
#include "linear_a64.h"

/* The masks of 16 values. */
static inline uint8x16_t masks(const int16_t *x, const int16_t *threshold) {
    const uint16x8_t low = vcgeq_s16(vld1q_s16(x), vld1q_s16(threshold));
    const uint16x8_t high = vcgeq_s16(vld1q_s16(x + A64_EIGHT), vld1q_s16(threshold + A64_EIGHT));
    return vuzp1q_u8(vreinterpretq_u8_u16(low), vreinterpretq_u8_u16(high));
}

void sbnn_a64_pack(uint32_t m, uint32_t k, const int16_t *x, const int16_t *threshold, uint32_t *y) {
    const uint8x16_t place = a64_place();
    for (uint32_t row = 0; row < m; row++) {
        for (uint32_t j = 0; j < k; j += 32u, x += 32) {
            *y++ = a64_word(masks(x, threshold + j), masks(x + 16, threshold + j + 16u), place);
        }
    }
}
