#include "lookup.h"
#include "lookup_below.h"

/* The bits of up to eight outputs, one byte per row: `even` has rows 0 2 4 6, `odd` rows 1 3 5 7. Each
 * new bit enters at the top of its byte and shifts the earlier ones down. */
typedef struct {
    uint32_t even;
    uint32_t odd;
} gathered;

__attribute__((always_inline)) static inline gathered gather(const uint32_t *sums, uint32_t step,
                                                             const int32_t *limit, uint32_t outputs) {
    gathered bits = {0, 0};
#pragma GCC unroll 8
    for (uint32_t j = 0; j < outputs; j++) {
        const uint32_t limits = (uint32_t)limit[j] * 0x01010101u;
        const uint32_t high = sums[1];
        bits.even = lookup_below(sums[0] - (high << 4), limits) | bits.even >> 1;
        bits.odd = lookup_below(high, limits) | bits.odd >> 1;
        sums += step;
        __asm(""
              : "+r"(
                  sums)); /* keeps one advancing address; eight addresses would not fit the registers */
    }
    return bits;
}

/* Write one byte per row. */
__attribute__((always_inline)) static inline void scatter(gathered bits, uint8_t *row,
                                                          uint32_t row_bytes, uint32_t rows) {
#pragma GCC unroll 4
    for (uint32_t t = 0; t < rows; t += 2u) {
        *row = (uint8_t)(bits.even >> 4u * t);
        row += row_bytes;
        if (t + 1u < rows) {
            *row = (uint8_t)(bits.odd >> 4u * t);
            row += row_bytes;
        }
    }
}

void sbnn_lookup_threshold(const lookup_counts *counts, const int32_t *limit, uint32_t *y) {
    const uint32_t row_bytes = (counts->n + 31u) / 32u * 4u;
    const uint32_t step = counts->step;
    const uint32_t rows = counts->rows;
    const uint32_t *sums = counts->counts;
    uint8_t *out = (uint8_t *)y;
    uint8_t *const end = out + row_bytes;
    for (uint32_t bytes = counts->n / 8u; bytes > 0u; bytes--) {
        const gathered bits = gather(sums, step, limit, 8);
        if (rows == 8u) {
            scatter(bits, out, row_bytes, 8);
        } else {
            scatter(bits, out, row_bytes, rows);
        }
        sums += 8u * step;
        limit += 8;
        out++;
    }
    const uint32_t outputs = counts->n % 8u;
    if (outputs != 0u) {
        gathered bits = gather(sums, step, limit, outputs);
        bits.even >>= 8u - outputs;
        bits.odd >>= 8u - outputs;
        scatter(bits, out, row_bytes, rows);
        out++;
    }
    for (; out < end; out++) {
        scatter((gathered){0, 0}, out, row_bytes, rows);
    }
}
