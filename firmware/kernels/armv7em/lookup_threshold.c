#include "lookup.h"

#include <arm_acle.h>

#define TOPS 0x80808080u

/* Bits of eight outputs (or of the last `outputs`) gather in the bytes of two words, rows 0 2 4 6 and
 * 1 3 5 7; each new one enters at the top. */
void sbnn_lookup_threshold(const lookup_counts *counts, const int32_t *limit, uint32_t *y) {
    const uint32_t row_bytes = (counts->n + 31u) / 32u * 4u;
    const uint32_t step = counts->step;
    const uint32_t rows = counts->rows;
    const uint32_t *sums = counts->counts;
    uint8_t *out = (uint8_t *)y;
    for (uint32_t left = row_bytes, n = counts->n; left > 0u; left--) {
        const uint32_t outputs = n < 8u ? n : 8u;
        uint32_t even = 0;
        uint32_t odd = 0;
        for (const int32_t *const end = limit + outputs; limit != end; sums += step) {
            const uint32_t limits = (uint32_t)*limit++ * 0x01010101u;
            const uint32_t high = sums[1];
            (void)__usub8(sums[0] - (high << 4), limits);
            even = __sel(0, TOPS) | even >> 1;
            (void)__usub8(high, limits);
            odd = __sel(0, TOPS) | odd >> 1;
        }
        even >>= 8u - outputs; /* by 8 only where both are 0 */
        odd >>= 8u - outputs;
        n -= outputs;
        uint8_t *row = out++;
        for (uint32_t t = 0; t < rows; t += 2u) {
            *row = (uint8_t)even;
            row += row_bytes;
            if (t + 1u < rows) {
                *row = (uint8_t)odd;
                row += row_bytes;
            }
            even >>= 8;
            odd >>= 8;
        }
    }
}
