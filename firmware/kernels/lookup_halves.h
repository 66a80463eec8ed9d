/* Pairs of halfwords. */
#ifndef SBNN_KERNELS_LOOKUP_HALVES_H
#define SBNN_KERNELS_LOOKUP_HALVES_H

#include <stdint.h>

/* Pack the low, or the high, halves of two words: `low` gives the low half. It is one instruction of
 * the DSP extension, which GCC does not find. */
static inline uint32_t lookup_low_halves(uint32_t low, uint32_t high) {
#if defined __ARM_FEATURE_SIMD32
    uint32_t halves;
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(halves) : "r"(low), "r"(high));
    return halves;
#else
    return (low & 0xFFFFu) | high << 16;
#endif
}
static inline uint32_t lookup_high_halves(uint32_t low, uint32_t high) {
#if defined __ARM_FEATURE_SIMD32
    uint32_t halves;
    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(halves) : "r"(high), "r"(low));
    return halves;
#else
    return low >> 16 | (high & 0xFFFF0000u);
#endif
}

#endif
