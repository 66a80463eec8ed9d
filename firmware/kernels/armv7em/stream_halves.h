/* Instructions of the DSP extension that GCC does not find by itself. */
#ifndef SBNN_KERNELS_STREAM_HALVES_H
#define SBNN_KERNELS_STREAM_HALVES_H

#include <stdint.h>

/* The low halves of two words; the first one becomes the low half. */
static inline int32_t stream_low_halves(int32_t first, int32_t second) {
    int32_t both;
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(both) : "r"(first), "r"(second));
    return both;
}

/* The high halves of two words, likewise. */
static inline int32_t stream_high_halves(int32_t first, int32_t second) {
    int32_t both;
    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(both) : "r"(second), "r"(first));
    return both;
}

/* Bytes 0 and 2 of a word, or 1 and 3, with their signs. */
static inline int32_t stream_even_bytes(int32_t bytes) {
    int32_t both;
    __asm("sxtb16 %0, %1" : "=r"(both) : "r"(bytes));
    return both;
}
static inline int32_t stream_odd_bytes(int32_t bytes) {
    int32_t both;
    __asm("sxtb16 %0, %1, ror #8" : "=r"(both) : "r"(bytes));
    return both;
}

#endif
