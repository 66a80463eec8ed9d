#include "lookup.h"

#define HALVES 0x00FF00FFu

void sbnn_lookup_widen(uint32_t *sums, uint32_t pairs, uint32_t *wide) {
    for (uint32_t pair = 0; pair < pairs; pair++, sums += 2, wide += 4) {
        const uint32_t odd = sums[1];
        const uint32_t even = sums[0] - (odd << 4);
        wide[0] += even & HALVES;
        wide[1] += even >> 8 & HALVES;
        wide[2] += odd & HALVES;
        wide[3] += odd >> 8 & HALVES;
        sums[0] = 0;
        sums[1] = 0;
    }
}
