/* Four comparisons at once, by the DSP extension. */
#ifndef SBNN_KERNELS_LOOKUP_BELOW_H
#define SBNN_KERNELS_LOOKUP_BELOW_H

#include <arm_acle.h>
#include <stdint.h>

#define LOOKUP_TOPS 0x80808080u

/* The top bit of each byte of `counts` that is less than that of `limits`; nothing else. */
static inline uint32_t lookup_below(uint32_t counts, uint32_t limits) {
    (void)__usub8(counts, limits);
    return __sel(0, LOOKUP_TOPS);
}

#endif
