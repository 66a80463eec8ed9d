#include "stream_lanes.h"

#define HIGH 0xF0F0F0F0u

void sbnn_lanes_add(const uint32_t *tables, const uint32_t *list, uint32_t *records, uint32_t count,
                    uint32_t rows, uint32_t skip) {
    for (; rows > 0u; rows--, list += skip / sizeof *list) {
        for (uint32_t left = count; left > 0u; left--) {
            for (uint32_t s = 0; s < 4u; s++) {
                const uint32_t *const entries = tables + s;
                const uint32_t first = entries[list[0]] + entries[list[1]] + entries[list[2]];
                const uint32_t second = entries[list[3]] + entries[list[4]] + entries[list[5]];
                const uint32_t third = entries[list[6]] + entries[list[7]];
                records[s] += ((first & HIGH) >> 4) + ((second & HIGH) >> 4) + ((third & HIGH) >> 4);
                records[4u + s] += first + second + third;
            }
            list += LANES_FIELDS;
            records += LANES_RECORD;
        }
    }
}
