#include "lookup.h"
#include "lookup_below.h"

#define TOPS 0x80008000u

/* The inverted bits of up to 16 outputs, one halfword per row: the words have rows 0 and 4, 2 and 6, 1
 * and 5, 3 and 7. Each new bit enters at the top of its halfword and shifts the earlier ones down. */
typedef struct {
    uint32_t words[4];
} gathered;

static gathered gather(const uint32_t *wide, uint32_t step, const int32_t *limit, uint32_t outputs) {
    gathered bits = {{0, 0, 0, 0}};
    for (const int32_t *const end = limit + outputs; limit != end; wide += step) {
        const uint32_t low = (uint32_t)*limit++;
        const lookup_limits limits = lookup_limits_of(low << 16 | low, TOPS);
#pragma GCC unroll 4
        for (uint32_t i = 0; i < 4u; i++) {
            bits.words[i] = lookup_reached(wide[i], limits, TOPS) | bits.words[i] >> 1;
        }
    }
    return bits;
}

void sbnn_lookup_threshold_wide(const lookup_counts *counts, const int32_t *limit, uint32_t *y) {
    static const uint8_t word_of_row[4] = {0, 2, 1, 3};
    const uint32_t row_halves = (counts->n + 31u) / 32u * 2u;
    const uint32_t *wide = counts->counts;
    uint16_t *out = (uint16_t *)(void *)y;
    uint16_t *const end = out + row_halves;
    for (uint32_t left = counts->n; out < end; out++) {
        const uint32_t outputs = left < 16u ? left : 16u;
        const gathered bits = gather(wide, counts->step, limit, outputs);
        uint16_t *row = out;
        for (uint32_t t = 0; t < counts->rows; t++, row += row_halves) {
            const uint32_t lane = ~bits.words[word_of_row[t % 4u]] >> t / 4u * 16u & 65535u;
            *row = (uint16_t)(lane >> (16u - outputs));
        }
        wide += outputs * counts->step;
        limit += outputs;
        left -= outputs;
    }
}
