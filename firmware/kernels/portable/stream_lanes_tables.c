#include "stream_lanes.h"

#define ONES 0x11111111u

void sbnn_lanes_tables(const uint32_t *w, uint32_t *tables) {
    for (uint32_t field = 0; field < LANES_FIELDS; field++, w += 4, tables += 64) {
        for (uint32_t s = 0; s < 4u; s++) {
            uint32_t *const first = tables + s;
            first[0] = 0;
            for (uint32_t bit = 0; bit < 4u; bit++) {
                const uint32_t known = 4u << bit; /* words of the entries so far */
                const uint32_t ones = w[bit] >> s & ONES;
                for (uint32_t entry = 0; entry < known; entry += 4u) {
                    first[known + entry] = first[entry] + (ONES - ones);
                    first[entry] += ones;
                }
            }
        }
    }
}
