#include "stream_lanes_pairs.h"

void sbnn_lanes_bits(const lanes_values *values) {
    const uint32_t *record = values->records;
    const int16_t *added = values->added;
    uint32_t *y = values->y;
    for (uint32_t left = values->tokens; left > 0u; left--, record += LANES_RECORD) {
        const uint32_t *constants = values->constants;
        uint32_t bits = 0;
        for (uint32_t s = 0; s < 4u; s++) {
            uint32_t pairs[4];
            lanes_pairs(values, record + s, pairs);
            for (uint32_t pair = 0; pair < 4u; pair++, constants += 3, added += 2) {
                const int32_t count = (int32_t)pairs[pair];
                const int32_t factors = (int32_t)constants[2];
                const int32_t first = (int32_t)constants[0] + (count & 0xFFFF) * (int16_t)factors +
                                      added[0] * values->slope;
                const int32_t second =
                    (int32_t)constants[1] + (count >> 16) * (factors >> 16) + added[1] * values->slope;
                bits |= (uint32_t)(first >= 0) << (8u * s + 2u * pair);
                bits |= (uint32_t)(second >= 0) << (8u * s + 2u * pair + 1u);
            }
        }
        *y = bits;
        added += values->step_added / sizeof *added - LANES_GROUP;
        y += values->step_y / sizeof *y;
    }
}
