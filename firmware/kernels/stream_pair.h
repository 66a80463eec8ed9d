/* Two values of a stream in a word. */
#ifndef SBNN_KERNELS_STREAM_PAIR_H
#define SBNN_KERNELS_STREAM_PAIR_H

#include <stdint.h>
#include <string.h>

/* Load an even value, which is in the low half, and the odd one after it. The address is a multiple of
 * 4. */
static inline int32_t stream_pair(const int16_t *value) {
    int32_t pair;
    memcpy(&pair, __builtin_assume_aligned(value, 4), sizeof pair);
    return pair;
}

/* Store such a pair. The address is a multiple of 4. */
static inline void stream_put_pair(int16_t *value, int32_t pair) {
    memcpy(__builtin_assume_aligned(value, 4), &pair, sizeof pair);
}

#endif
