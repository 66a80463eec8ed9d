#include "stream.h"

typedef int16_t __attribute__((may_alias)) limit; /* two in a word */

/* The comparison's result enters at bit 0, so the last channel of a word comes first. It is 1 where a
 * bit is 0: the word is inverted at its end. */
void sbnn_stream_pack_row(const int16_t *x, const uint32_t *threshold, uint32_t k, uint32_t *y) {
    const limit *limits = (const limit *)(const void *)threshold;
    for (uint32_t *const end = y + k / 32u; y != end; x += 32, limits += 32) {
        uint32_t below = 0;
        for (uint32_t from = 32; from > 0u; from -= 8u) {
#pragma GCC unroll 8
            for (uint32_t j = 1; j <= 8u; j++) {
                below = below << 1 | (uint32_t)(x[from - j] < limits[from - j]);
            }
        }
        *y++ = ~below;
    }
}
