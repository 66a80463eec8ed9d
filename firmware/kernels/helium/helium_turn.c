#include "helium.h"
#include "helium_pair.h"

/* All four vectors are read before the transposed ones overwrite them; VST4 transposes. */
static inline uint8x16x4_t lows(const uint8_t *pairs) {
    return (uint8x16x4_t){
        {helium_low(pairs), helium_low(pairs + 32), helium_low(pairs + 64), helium_low(pairs + 96)}};
}

static inline uint8x16x4_t wholes(const uint8_t *pairs, uint32_t below) {
    return (uint8x16x4_t){{helium_whole(pairs, below), helium_whole(pairs + 32, below),
                           helium_whole(pairs + 64, below), helium_whole(pairs + 96, below)}};
}

void sbnn_helium_turn(const helium_counts *counts) {
    uint8_t *pairs = counts->sums;
    for (uint32_t fours = counts->n / 4u; fours > 0u; fours--) {
        const uint8x16x4_t low = lows(pairs);
        const uint8x16x4_t high = wholes(pairs, counts->below);
        vst4q_u8(pairs, low);
        vst4q_u8(pairs + 64, high);
        pairs += 128;
    }
    for (uint32_t left = counts->n % 4u; left > 0u; left--) {
        const uint8x16_t low = helium_low(pairs);
        const uint8x16_t high = helium_whole(pairs, counts->below);
        vst1q_u8(pairs, low);
        vst1q_u8(pairs + 16, high);
        pairs += 32;
    }
}
