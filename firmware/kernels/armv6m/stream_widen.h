/* Bytes become terms. */
#ifndef SBNN_KERNELS_STREAM_WIDEN_H
#define SBNN_KERNELS_STREAM_WIDEN_H

#include "stream_terms.h"

#include <string.h>

/* Append `count` bytes to a patch; whole words, of which shifts take each byte with its sign. */
static inline stream_term *stream_widened(stream_term *patch, const int8_t *x, uint32_t count) {
    if (((uintptr_t)x & 3u) == 0u) {
        for (; count >= 4u; count -= 4u, x += 4, patch += 4) {
            int32_t word;
            memcpy(&word, __builtin_assume_aligned(x, 4), sizeof word);
            patch[0] = (int8_t)word;
            patch[1] = (int32_t)((uint32_t)word << 16) >> 24;
            patch[2] = (int32_t)((uint32_t)word << 8) >> 24;
            patch[3] = word >> 24;
        }
    }
    for (; count > 0u; count--) {
        *patch++ = *x++;
    }
    return patch;
}

#endif
