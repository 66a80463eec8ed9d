#include "helium.h"
#include "helium_bits.h"

/* The high bytes of (count - limit) / 2 for 16 rows, in order: VSHRNB and VSHRNT interleave the even
 * and the odd rows. */
static inline uint8x16_t below(const uint16_t *wide, uint16_t limit) {
    const uint16x8_t even = vhsubq_n_u16(vld1q_u16(wide), limit);
    const uint16x8_t odd = vhsubq_n_u16(vld1q_u16(wide + 8), limit);
    return vshrntq_n_u16(vshrnbq_n_u16(vdupq_n_u8(0), even, 8), odd, 8);
}

static inline helium_bits gather(const helium_counts *counts, const void *limits, uint32_t first,
                                 uint32_t outputs, helium_bits bits) {
    const uint16_t *wide = counts->wide + 32u * first;
    const int32_t *const limit = (const int32_t *)limits + first;
    for (uint32_t j = 0; j < outputs; j++) {
        const uint16_t most = (uint16_t)limit[j];
        bits = helium_enter(bits, below(wide, most), below(wide + 16, most));
        wide += 32;
    }
    return bits;
}

void sbnn_helium_threshold_wide(const helium_counts *counts, const int32_t *limit, uint32_t *y) {
    helium_write_bits(counts, limit, y, gather);
}
