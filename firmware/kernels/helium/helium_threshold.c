#include "helium.h"
#include "helium_bits.h"
#include "helium_pair.h"

/* The sign of (count - limit), halved so that it fits a byte, is the output bit. The high rows' counts
 * are signed and too low by `below`, so their limit is lowered as much. */
static inline helium_bits gather(const helium_counts *counts, const void *limits, uint32_t first,
                                 uint32_t outputs, helium_bits bits) {
    const uint8_t *pair = counts->sums + 32u * first;
    const int32_t below = (int32_t)counts->below;
    const int32_t *const limit = (const int32_t *)limits + first;
    for (uint32_t j = 0; j < outputs; j++) {
        const uint8x16_t low = vhsubq_n_u8(helium_low(pair), (uint8_t)limit[j]);
        const int8x16_t high = vhsubq_n_s8(helium_high(pair), (int8_t)(limit[j] - below));
        bits = helium_enter(bits, low, vreinterpretq_u8_s8(high));
        pair += 32;
    }
    return bits;
}

void sbnn_helium_threshold(const helium_counts *counts, const int32_t *limit, uint32_t *y) {
    helium_write_bits(counts, limit, y, gather);
}
