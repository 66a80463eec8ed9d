/* Bytes become terms. */
#ifndef SBNN_KERNELS_STREAM_WIDEN_H
#define SBNN_KERNELS_STREAM_WIDEN_H

#include "stream_halves.h"
#include "stream_terms.h"

#include <string.h>

/* Append `count` bytes to a patch; of each four SXTB16 takes two. */
static inline stream_term *stream_widened(stream_term *patch, const int8_t *x, uint32_t count) {
    for (; count >= 4u; count -= 4u, x += 4, patch += 4) {
        int32_t word;
        memcpy(&word, x, sizeof word);
        const int32_t even = stream_even_bytes(word), odd = stream_odd_bytes(word);
        const int32_t both[2] = {stream_low_halves(even, odd), stream_high_halves(even, odd)};
        memcpy(patch, both, sizeof both);
    }
    for (; count > 0u; count--) {
        *patch++ = *x++;
    }
    return patch;
}

#endif
