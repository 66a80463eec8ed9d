/* Packs the lanes of comparison masks into bits. */
#ifndef SBNN_KERNELS_NEON_BITS_H
#define SBNN_KERNELS_NEON_BITS_H

#include <arm_neon.h>

/* Bit j of the result is lane j of the 32 lanes of `low` and then `high`; each lane is 0 or 255. Every
 * lane keeps its own bit of a byte, and three pairwise additions join 8 lanes into a byte. Armv7 adds
 * pairs in 64-bit vectors only. */
static inline uint32_t neon_bits(uint8x16_t low, uint8x16_t high) {
    static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t place = vld1q_u8(places);
    low = vandq_u8(low, place);
    high = vandq_u8(high, place);
    const uint8x8_t pairs = vpadd_u8(vget_low_u8(low), vget_high_u8(low));
    const uint8x8_t fours = vpadd_u8(pairs, vpadd_u8(vget_low_u8(high), vget_high_u8(high)));
    return vget_lane_u32(vreinterpret_u32_u8(vpadd_u8(fours, fours)), 0);
}

#endif
