/* Bytes become terms. */
#ifndef SBNN_KERNELS_STREAM_WIDEN_H
#define SBNN_KERNELS_STREAM_WIDEN_H

#include "stream_terms.h"

/* Append `count` bytes to a patch. */
static inline stream_term *stream_widened(stream_term *patch, const int8_t *x, uint32_t count) {
    for (; count >= 4u; count -= 4u, x += 4, patch += 4) {
        const stream_term first = x[0];
        const stream_term second = x[1];
        const stream_term third = x[2];
        const stream_term fourth = x[3];
        patch[0] = first;
        patch[1] = second;
        patch[2] = third;
        patch[3] = fourth;
    }
    for (; count > 0u; count--) {
        *patch++ = *x++;
    }
    return patch;
}

#endif
