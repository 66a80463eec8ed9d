/* Four comparisons of bytes at once, or two of halfwords. */
#ifndef SBNN_KERNELS_LOOKUP_BELOW_H
#define SBNN_KERNELS_LOOKUP_BELOW_H

#include <stdint.h>

/* The top bit, of `tops`, of each field of `counts` that is less than that of `limits`. */
static inline uint32_t lookup_below_in(uint32_t counts, uint32_t limits, uint32_t tops) {
    /* The top bits decide where they differ; elsewhere the difference of the others, which borrows from
     * a top bit that is set for it. */
    const uint32_t reached = (counts | tops) - (limits & ~tops);
    const uint32_t differ = counts ^ limits;
    return ((limits & differ) | ~(reached | differ)) & tops;
}

/* Of bytes. */
static inline uint32_t lookup_below(uint32_t counts, uint32_t limits) {
    return lookup_below_in(counts, limits, 0x80808080u);
}

/* Of halfwords. */
static inline uint32_t lookup_below_wide(uint32_t counts, uint32_t limits) {
    return lookup_below_in(counts, limits, 0x80008000u);
}

#endif
