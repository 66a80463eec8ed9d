/* What makes values and bits of counts or sums, eight outputs at a time; linear_a64.h explains the
 * fields. */
#ifndef SBNN_KERNELS_A64_ENDS_H
#define SBNN_KERNELS_A64_ENDS_H

#include "neon_a64.h"

#include <arm_neon.h>

#define A64_EIGHT 8u

/* Sums of eight outputs in 32 bits, which no step exceeds. */
typedef struct {
    int32x4_t low;
    int32x4_t high;
} a64_wide;

/* Emits no instruction, but keeps GCC from loading what is at an address before a loop. It would then
 * copy the vectors in each turn, because what is added to them replaces them. */
#define A64_HERE(address) __asm__("" : "+r"(address))

static inline a64_wide a64_base(const int32_t *base) {
    return (a64_wide){vld1q_s32(base), vld1q_s32(base + 4)};
}

/* wide - counts * factor */
static inline a64_wide a64_less(a64_wide wide, uint16x8_t counts, int16x8_t factor) {
    const int16x8_t count = vreinterpretq_s16_u16(counts);
    return (a64_wide){vmlsl_s16(wide.low, vget_low_s16(count), vget_low_s16(factor)),
                      vmlsl_high_s16(wide.high, count, factor)};
}

/* wide + values * factor */
static inline a64_wide a64_more(a64_wide wide, int16x8_t values, int16x8_t factor) {
    return (a64_wide){vmlal_s16(wide.low, vget_low_s16(values), vget_low_s16(factor)),
                      vmlal_high_s16(wide.high, values, factor)};
}

/* sat16(wide >> shift), where `left` is 16 - shift: what saturates at 32 bits saturates at 16. */
static inline int16x8_t a64_narrow(a64_wide wide, int32x4_t left) {
    return vuzp2q_s16(vreinterpretq_s16_s32(vqshlq_s32(wide.low, left)),
                      vreinterpretq_s16_s32(vqshlq_s32(wide.high, left)));
}

/* A slope is below 1, so that the larger one of h and its product is the value of both signs. */
static inline int16x8_t a64_value(a64_wide wide, int32x4_t left, int16x8_t slope) {
    const int16x8_t h = a64_narrow(wide, left);
    return vmaxq_s16(h, vqrdmulhq_s16(h, slope));
}

/* Masks of 16 outputs: 255 where a sum is not negative. */
static inline uint8x16_t a64_masks(a64_wide first, a64_wide second) {
    const int16x8_t low =
        vuzp2q_s16(vreinterpretq_s16_s32(first.low), vreinterpretq_s16_s32(first.high));
    const int16x8_t high =
        vuzp2q_s16(vreinterpretq_s16_s32(second.low), vreinterpretq_s16_s32(second.high));
    return vcgezq_s8(vuzp2q_s8(vreinterpretq_s8_s16(low), vreinterpretq_s8_s16(high)));
}

/* What a layer without a residual adds. */
static const int16_t a64_zeros[16] = {0};

#endif
