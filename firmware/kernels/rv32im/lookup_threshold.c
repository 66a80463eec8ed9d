#include "lookup.h"
#include "lookup_below.h"

#define TOPS 0x80808080u

/* The inverted bits of up to eight outputs, one byte per row: `even` has rows 0 2 4 6, `odd` rows 1 3 5
 * 7. Each new bit enters at the top of its byte and shifts the earlier ones down. */
typedef struct {
    uint32_t even;
    uint32_t odd;
} gathered;

/* `ones` is 1 in each byte. */
__attribute__((always_inline)) static inline void gather(gathered *bits, const uint32_t *sums,
                                                         int32_t limit, uint32_t ones) {
    const lookup_limits limits = lookup_limits_of((uint32_t)limit * ones, TOPS);
    const uint32_t high = sums[1];
    bits->even = lookup_reached(sums[0] - (high << 4), limits, TOPS) | bits->even >> 1;
    bits->odd = lookup_reached(high, limits, TOPS) | bits->odd >> 1;
}

/* Write one byte of each of the first rows. */
static void scatter(gathered bits, uint8_t *row, uint32_t row_bytes, uint32_t rows) {
    for (; rows > 0u; rows--) {
        *row = (uint8_t)bits.even;
        row += row_bytes;
        const uint32_t rest = bits.even >> 8;
        bits.even = bits.odd;
        bits.odd = rest;
    }
}

/* Write one byte of all eight rows. */
__attribute__((always_inline)) static inline void scatter_all(gathered bits, uint8_t *row,
                                                              uint32_t row_bytes) {
#pragma GCC unroll 4
    for (uint32_t t = 0; t < 32u; t += 8u) {
        *row = (uint8_t)(bits.even >> t);
        row += row_bytes;
        *row = (uint8_t)(bits.odd >> t);
        row += row_bytes;
        __asm("" : "+r"(row)); /* one address that moves on, where eight would not fit the registers */
    }
}

void sbnn_lookup_threshold(const lookup_counts *counts, const int32_t *limit, uint32_t *y) {
    const uint32_t row_bytes = (counts->n + 31u) / 32u * 4u;
    const uint32_t step = counts->step;
    const uint32_t rows = counts->rows;
    const uint32_t *sums = counts->counts;
    uint32_t ones = 0x01010101u;
    /* The compiler would replace the product with this constant by five shifts and sums. */
    __asm("" : "+r"(ones));
    uint8_t *out = (uint8_t *)y;
    uint8_t *const end = out + row_bytes;
    for (uint32_t bytes = counts->n / 8u; bytes > 0u; bytes--) {
        gathered bits = {0, 0};
#pragma GCC unroll 8
        for (uint32_t j = 0; j < 8u; j++) {
            gather(&bits, sums, limit[j], ones);
            sums += step;
            /* Keeps the compiler from doing several outputs at once, for which there are not enough
             * registers. */
            __asm volatile("" : "+r"(sums), "+r"(bits.even), "+r"(bits.odd));
        }
        bits.even = ~bits.even;
        bits.odd = ~bits.odd;
        if (rows == 8u) {
            scatter_all(bits, out, row_bytes);
        } else {
            scatter(bits, out, row_bytes, rows);
        }
        limit += 8;
        out++;
    }
    const uint32_t outputs = counts->n % 8u;
    if (outputs != 0u) {
        gathered bits = {0, 0};
        for (uint32_t j = 0; j < outputs; j++, sums += step) {
            gather(&bits, sums, limit[j], ones);
        }
        const uint32_t tail = ones * (255u >> (8u - outputs));
        bits.even = ~(bits.even >> (8u - outputs)) & tail;
        bits.odd = ~(bits.odd >> (8u - outputs)) & tail;
        scatter(bits, out, row_bytes, rows);
        out++;
    }
    for (; out < end; out++) {
        scatter((gathered){0, 0}, out, row_bytes, rows);
    }
}
