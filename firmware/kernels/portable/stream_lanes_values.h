/* Values of a group's channels in C, see stream_lanes.h. */
#ifndef SBNN_KERNELS_STREAM_LANES_VALUES_H
#define SBNN_KERNELS_STREAM_LANES_VALUES_H

#include "stream_lanes_pairs.h"

/* One channel, from its mismatches. */
static inline int16_t lanes_value(int32_t count, int32_t base, int32_t factor, int32_t added,
                                  int32_t slope, uint32_t shift) {
    const int32_t h = ((base + count * factor) >> shift) + added;
    const int32_t limited = h > 32767 ? 32767 : h < -32768 ? -32768 : h;
    return (int16_t)(limited >= 0 ? limited : (limited * slope + STREAM_SLOPE_HALF) >> 13);
}

/* The channels of all tokens, whose pairs have 3 words of constants, or 4 with slopes of their own. */
static inline void lanes_make(const lanes_values *values, uint32_t words) {
    const uint32_t *record = values->records;
    const int16_t *added = values->added;
    int16_t *y = values->y;
    for (uint32_t left = values->tokens; left > 0u; left--, record += LANES_RECORD) {
        const uint32_t *constants = values->constants;
        for (uint32_t s = 0; s < 4u; s++) {
            uint32_t pairs[4];
            lanes_pairs(values, record + s, pairs);
            for (uint32_t pair = 0; pair < 4u; pair++, constants += words, added += 2, y += 2) {
                const uint32_t count = pairs[pair];
                const int32_t factors = (int32_t)constants[2];
                const int32_t slopes = (int32_t)constants[words - 1u];
                const int32_t first = words == 3u ? values->slope : (int16_t)slopes;
                const int32_t second = words == 3u ? values->slope : slopes >> 16;
                y[0] = lanes_value((int32_t)(count & 0xFFFFu), (int32_t)constants[0], (int16_t)factors,
                                   added[0], first, values->shift);
                y[1] = lanes_value((int32_t)(count >> 16), (int32_t)constants[1], factors >> 16,
                                   added[1], second, values->shift);
            }
        }
        added += values->step_added / sizeof *added - LANES_GROUP;
        y += values->step_y / sizeof *y - LANES_GROUP;
    }
}

#endif
