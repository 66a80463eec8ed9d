#include "helium.h"
#include "helium_pair.h"

void sbnn_helium_settle(const helium_counts *counts) {
    uint8_t *pair = counts->sums;
    for (uint32_t left = counts->n; left > 0u; left--) {
        const uint8x16_t low = helium_low(pair);
        const uint8x16_t high = helium_whole(pair, counts->below);
        vst1q_u8(pair, low);
        vst1q_u8(pair + 16, high);
        pair += 32;
    }
}
