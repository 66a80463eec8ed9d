/* Compares four bytes at once with the DSP extension. USUB8 sets a GE flag per byte, where the byte is
 * not less; SEL chooses each byte by its flag. */
#ifndef SBNN_KERNELS_ATTEND_BELOW_H
#define SBNN_KERNELS_ATTEND_BELOW_H

#include <arm_acle.h>
#include <stdint.h>

/* Sets the top bit of each byte where `counts` is less than `limits`; all other bits are 0. */
static inline uint32_t attend_below(uint32_t counts, uint32_t limits) {
    (void)__usub8(counts, limits);
    return __sel(0, 0x80808080u);
}

#endif
