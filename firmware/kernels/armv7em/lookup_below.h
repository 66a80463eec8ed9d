/* Compares four bytes or two halfwords at once with the DSP extension. USUB8 and USUB16 set a GE flag
 * per lane, where the lane is not less; SEL chooses each byte by its flag. */
#ifndef SBNN_KERNELS_LOOKUP_BELOW_H
#define SBNN_KERNELS_LOOKUP_BELOW_H

#include <arm_acle.h>
#include <stdint.h>

/* Sets the top bit of each byte where `counts` is less than `limits`; all other bits are 0. */
static inline uint32_t lookup_below(uint32_t counts, uint32_t limits) {
    (void)__usub8(counts, limits);
    return __sel(0, 0x80808080u);
}

/* The same for halfwords. */
static inline uint32_t lookup_below_wide(uint32_t counts, uint32_t limits) {
    (void)__usub16(counts, limits);
    return __sel(0, 0x80008000u);
}

#endif
