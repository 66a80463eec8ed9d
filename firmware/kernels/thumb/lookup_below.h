/* Four comparisons at once. */
#ifndef SBNN_KERNELS_LOOKUP_BELOW_H
#define SBNN_KERNELS_LOOKUP_BELOW_H

#include <stdint.h>

#define LOOKUP_TOPS 0x80808080u

/* The top bit of each byte of `counts` that is less than that of `limits`; nothing else. */
static inline uint32_t lookup_below(uint32_t counts, uint32_t limits) {
    /* The top bits decide where they differ; elsewhere the difference of the others, which borrows from
     * a top bit that is set for it. */
    const uint32_t reached = (counts | LOOKUP_TOPS) - (limits & ~LOOKUP_TOPS);
    const uint32_t differ = counts ^ limits;
    return ((limits & differ) | ~(reached | differ)) & LOOKUP_TOPS;
}

#endif
