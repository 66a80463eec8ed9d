#include "helium.h"

#include <arm_mve.h>

static inline uint16x8x4_t four(const uint16_t *wide) {
    return (uint16x8x4_t){
        {vld1q_u16(wide), vld1q_u16(wide + 32), vld1q_u16(wide + 64), vld1q_u16(wide + 96)}};
}

/* VST4 transposes four outputs, eight rows at a time, into a copy, which then replaces the counts. */
void sbnn_helium_turn_wide(const helium_counts *counts) {
    uint16_t *wide = counts->wide;
    for (uint32_t fours = counts->n / 4u; fours > 0u; fours--) {
        uint16_t turned[128] __attribute__((aligned(8)));
        for (uint32_t part = 0; part < 4u; part++) {
            vst4q_u16(turned + 32u * part, four(wide + 8u * part));
        }
        for (uint32_t i = 0; i < 128u; i += 8u) {
            vst1q_u16(wide + i, vld1q_u16(turned + i));
        }
        wide += 128;
    }
}
