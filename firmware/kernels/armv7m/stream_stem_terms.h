/* The bytes of a row, as terms: the patches of a stem are read where they lie. */
#ifndef SBNN_KERNELS_STREAM_STEM_TERMS_H
#define SBNN_KERNELS_STREAM_STEM_TERMS_H

#include <stdint.h>

typedef int32_t stem_term;

#define STEM_PATCH_BYTES 0u

/* Append `count` bytes to a row. */
static inline stem_term *stem_appended(stem_term *to, const int8_t *x, uint32_t count) {
    for (; count >= 4u; count -= 4u, x += 4, to += 4) {
        const stem_term first = x[0];
        const stem_term second = x[1];
        const stem_term third = x[2];
        const stem_term fourth = x[3];
        to[0] = first;
        to[1] = second;
        to[2] = third;
        to[3] = fourth;
    }
    for (; count > 0u; count--) {
        *to++ = *x++;
    }
    return to;
}

#endif
