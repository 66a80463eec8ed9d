#include "lookup.h"
#include "lookup_below.h"

#include <string.h>

/* The bits of up to 16 outputs, one halfword per row: the words have rows 0 and 4, 2 and 6, 1 and 5, 3
 * and 7. Each new bit enters at the top of its halfword and shifts the earlier ones down. */
typedef struct {
    uint32_t words[4];
} gathered;

__attribute__((always_inline)) static inline gathered gather(const uint32_t *wide, uint32_t step,
                                                             const int32_t *limit, uint32_t outputs) {
    gathered bits = {{0, 0, 0, 0}};
    for (uint32_t j = 0; j < outputs; j++) {
        const uint32_t limits = (uint32_t)limit[j] * 0x00010001u;
#pragma GCC unroll 4
        for (uint32_t i = 0; i < 4u; i++) {
            bits.words[i] = lookup_below_wide(wide[i], limits) | bits.words[i] >> 1;
        }
        wide += step;
    }
    return bits;
}

void sbnn_lookup_threshold_wide(const lookup_counts *counts, const int32_t *limit, uint32_t *y) {
    static const uint8_t word_of_row[4] = {0, 2, 1, 3};
    const uint32_t row_bytes = (counts->n + 31u) / 32u * 4u;
    const uint32_t *wide = counts->counts;
    uint8_t *out = (uint8_t *)y;
    uint8_t *const end = out + row_bytes;
    for (uint32_t left = counts->n; out < end; out += 2) {
        const uint32_t outputs = left < 16u ? left : 16u;
        const gathered bits = outputs == 16u ? gather(wide, counts->step, limit, 16)
                                             : gather(wide, counts->step, limit, outputs);
        uint8_t *row = out;
        for (uint32_t t = 0; t < counts->rows; t++, row += row_bytes) {
            const uint32_t lane = bits.words[word_of_row[t % 4u]] >> t / 4u * 16u & 65535u;
            const uint16_t half = (uint16_t)(lane >> (16u - outputs));
            memcpy(row, &half, sizeof half);
        }
        wide += outputs * counts->step;
        limit += outputs;
        left -= outputs;
    }
}
