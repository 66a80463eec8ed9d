#include "stream.h"

#define HALVES 0x00FF00FFu

void sbnn_stream_settle(uint32_t *sums, uint32_t n, uint32_t *wide) {
    const int apart = wide != sums;
    for (uint32_t *const end = sums + STREAM_COUNTS * n; sums != end; sums += STREAM_COUNTS) {
        const uint32_t odd = sums[1];
        const uint32_t even = sums[0] - (odd << 4);
        const uint32_t other_odd = sums[3];
        const uint32_t other_even = sums[2] - (other_odd << 4);
        sums[0] = (even & HALVES) + (other_even & HALVES);
        sums[1] = (even >> 8 & HALVES) + (other_even >> 8 & HALVES);
        sums[2] = (odd & HALVES) + (other_odd & HALVES);
        sums[3] = (odd >> 8 & HALVES) + (other_odd >> 8 & HALVES);
        if (apart) {
            for (uint32_t i = 0; i < STREAM_COUNTS; i++) {
                *wide++ += sums[i];
                sums[i] = 0;
            }
        }
    }
}
