/* Counts that are cleared, for stream.h. */
#ifndef SBNN_KERNELS_STREAM_CLEAR_H
#define SBNN_KERNELS_STREAM_CLEAR_H

#include <stdint.h>
#include <string.h>

/* Clear some fours of words, at least one: the counts of as many channels. */
static inline void sbnn_stream_clear(uint32_t *counts, uint32_t fours) {
    memset(counts, 0, fours * 16u);
}

#endif
