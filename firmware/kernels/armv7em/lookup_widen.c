#include "lookup.h"

#include <arm_acle.h>

/* UXTAB16 adds bytes 0 and 2 of a word to two halfwords; rotated by 8 bits it adds bytes 1 and 3. */
void sbnn_lookup_widen(uint32_t *sums, uint32_t pairs, uint32_t *wide) {
    for (uint32_t *const end = sums + 2u * pairs; sums != end; sums += 2, wide += 4) {
        const uint32_t odd = sums[1];
        const uint32_t even = sums[0] - (odd << 4);
        wide[0] = __uxtab16(wide[0], even);
        wide[1] = __uxtab16(wide[1], even >> 8 | even << 24);
        wide[2] = __uxtab16(wide[2], odd);
        wide[3] = __uxtab16(wide[3], odd >> 8 | odd << 24);
        sums[0] = 0;
        sums[1] = 0;
    }
}
