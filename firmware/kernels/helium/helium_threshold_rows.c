#include "helium.h"
#include "helium_bits.h"

/* As in helium_threshold.c, but each row has a limit of its own. */
static inline helium_bits gather(const helium_counts *counts, const void *limits, uint32_t first,
                                 uint32_t outputs, helium_bits bits) {
    const uint8_t *row = counts->sums + 32u * first;
    const uint8x16_t low = vld1q_u8(limits);
    const uint8x16_t high = vld1q_u8((const uint8_t *)limits + 16);
    for (; outputs > 0u; outputs--) {
        bits = helium_enter(bits, vhsubq_u8(vld1q_u8(row), low), vhsubq_u8(vld1q_u8(row + 16), high));
        row += 32;
    }
    return bits;
}

void sbnn_helium_threshold_rows(const helium_counts *counts, const uint8_t *limit, uint32_t *y) {
    helium_write_bits(counts, limit, y, gather);
}
