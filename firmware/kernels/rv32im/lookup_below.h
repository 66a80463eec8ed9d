/* Compares four bytes or two halfwords at once. */
#ifndef SBNN_KERNELS_LOOKUP_BELOW_H
#define SBNN_KERNELS_LOOKUP_BELOW_H

#include <stdint.h>

/* A limit in each field of a word, and what all comparisons with it share. */
typedef struct {
    uint32_t limits;
    uint32_t inverted;
    uint32_t lower; /* without the top bits */
} lookup_limits;

static inline lookup_limits lookup_limits_of(uint32_t limits, uint32_t tops) {
    return (lookup_limits){limits, ~limits, limits & ~tops};
}

/* Sets the top bit of each field where `counts` is not less than the limit. Where the top bits of both
 * differ, they decide. Where they are equal, the lower bits decide: the subtraction borrows from a top
 * bit that is set beforehand, so no borrow leaves its field. */
static inline uint32_t lookup_reached(uint32_t counts, lookup_limits of, uint32_t tops) {
    const uint32_t reached = (counts | tops) - of.lower;
    return (reached ^ ((reached ^ of.inverted) & (counts ^ of.limits))) & tops;
}

#endif
