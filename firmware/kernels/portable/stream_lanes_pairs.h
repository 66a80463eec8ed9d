/* The mismatches of eight channels of a group. */
#ifndef SBNN_KERNELS_STREAM_LANES_PAIRS_H
#define SBNN_KERNELS_STREAM_LANES_PAIRS_H

#include "stream_lanes.h"

/* Gather them in pairs, as halfwords, from a word of the high nibbles of the first record on. */
static inline void lanes_pairs(const lanes_values *values, const uint32_t *part, uint32_t pairs[4]) {
    const uint32_t halves = 0x00FF00FFu;
    pairs[0] = pairs[1] = pairs[2] = pairs[3] = 0;
    for (uint32_t chunk = values->chunks; chunk > 0u; chunk--) {
        const uint32_t high = part[0];
        const uint32_t low = part[4] - (high << 4);
        pairs[0] += low & halves;
        pairs[1] += low >> 8 & halves;
        pairs[2] += high & halves;
        pairs[3] += high >> 8 & halves;
        part += values->skip / sizeof *part;
    }
}

#endif
