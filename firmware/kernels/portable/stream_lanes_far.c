#include "stream_lanes_pairs.h"

static int32_t limited(int32_t value) {
    return value > 32767 ? 32767 : value < -32768 ? -32768 : value;
}

/* One channel, from its mismatches. */
static int16_t value_of(int32_t count, int32_t base, int32_t factor, int32_t added,
                        const lanes_values *values) {
    const int32_t h = limited(((base + count * factor) >> values->shift) + added);
    return (int16_t)(h >= 0 ? h : (h * values->slope + STREAM_SLOPE_HALF) >> 13);
}

void sbnn_lanes_far(const lanes_values *values) {
    const uint32_t *record = values->records;
    const int16_t *added = values->added;
    int16_t *y = values->y;
    for (uint32_t left = values->tokens; left > 0u; left--, record += LANES_RECORD) {
        const uint32_t *constants = values->constants;
        for (uint32_t s = 0; s < 4u; s++) {
            uint32_t pairs[4];
            lanes_pairs(values, record + s, pairs);
            for (uint32_t pair = 0; pair < 4u; pair++, constants += 3, added += 2, y += 2) {
                const uint32_t count = pairs[pair];
                const int32_t factors = (int32_t)constants[2];
                y[0] = value_of((int32_t)(count & 0xFFFFu), (int32_t)constants[0], (int16_t)factors,
                                added[0], values);
                y[1] = value_of((int32_t)(count >> 16), (int32_t)constants[1], factors >> 16, added[1],
                                values);
            }
        }
        added += values->step_added / sizeof *added - LANES_GROUP;
        y += values->step_y / sizeof *y - LANES_GROUP;
    }
}
