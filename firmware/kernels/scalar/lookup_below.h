/* Compares four bytes or two halfwords at once, on cores without the DSP extension. */
#ifndef SBNN_KERNELS_LOOKUP_BELOW_H
#define SBNN_KERNELS_LOOKUP_BELOW_H

#include <stdint.h>

/* For each field (byte or halfword), sets its top bit, as selected by `tops`, where `counts` is less
 * than `limits`; all other bits are 0. */
static inline uint32_t lookup_below_in(uint32_t counts, uint32_t limits, uint32_t tops) {
    /* Where the top bits of counts and limits differ, they decide. Where they are equal, the lower bits
     * decide: the subtraction borrows from a top bit that is set beforehand, so no borrow leaves its
     * field. */
    const uint32_t reached = (counts | tops) - (limits & ~tops);
    const uint32_t differ = counts ^ limits;
    return ((limits & differ) | ~(reached | differ)) & tops;
}

/* For bytes. */
static inline uint32_t lookup_below(uint32_t counts, uint32_t limits) {
    return lookup_below_in(counts, limits, 0x80808080u);
}

/* For halfwords. */
static inline uint32_t lookup_below_wide(uint32_t counts, uint32_t limits) {
    return lookup_below_in(counts, limits, 0x80008000u);
}

#endif
