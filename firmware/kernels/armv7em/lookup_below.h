/* Four comparisons of bytes at once, or two of halfwords, by the DSP extension. */
#ifndef SBNN_KERNELS_LOOKUP_BELOW_H
#define SBNN_KERNELS_LOOKUP_BELOW_H

#include <arm_acle.h>
#include <stdint.h>

/* The top bit of each byte of `counts` that is less than that of `limits`; nothing else. */
static inline uint32_t lookup_below(uint32_t counts, uint32_t limits) {
    (void)__usub8(counts, limits);
    return __sel(0, 0x80808080u);
}

/* The same of halfwords. */
static inline uint32_t lookup_below_wide(uint32_t counts, uint32_t limits) {
    (void)__usub16(counts, limits);
    return __sel(0, 0x80008000u);
}

#endif
