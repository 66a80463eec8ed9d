#include "a64_binary.h"
#include "linear_a64.h"

#include <stddef.h>

/* The constants of 16 outputs; the bases are loaded where they are needed. */
typedef struct {
    int16x8_t factor[2];
    int16x8_t slope[2];
} constants;

static inline constants constants_at(const int16_t *factor, const int16_t *slope) {
    return (constants){{vld1q_s16(factor), vld1q_s16(factor + A64_EIGHT)},
                       {vld1q_s16(slope), vld1q_s16(slope + A64_EIGHT)}};
}

static inline void values16(a64_counts counts, const int32_t *base, const constants *by,
                            const int16_t *added, int16x8_t up, int32x4_t left, int16_t *y) {
    const a64_wide low = a64_sums(base, counts.low, by->factor[0], added, up);
    const a64_wide high = a64_sums(base + A64_EIGHT, counts.high, by->factor[1], added + A64_EIGHT, up);
    const int16x8_t first = a64_value(low, left, by->slope[0]);
    vst1q_s16(y + A64_EIGHT, a64_value(high, left, by->slope[1]));
    vst1q_s16(y, first);
}

/* Values of a tile: most constants of 16 or, in a `pair`, 32 outputs are loaded once for all of its
 * rows. Layer and tile are copies, which the values that are written cannot change. */
__attribute__((always_inline)) static inline void make(const a64_layer layer, const a64_tile tile,
                                                       int16_t *y, uint32_t pair, uint32_t chunks) {
    const int16x8_t up = vdupq_n_s16((int16_t)(1u << layer.shift));
    const int32x4_t left = vdupq_n_s32(16 - (int32_t)layer.shift);
    const uint32_t width = A64_GROUP * tile.vectors;
    const uint32_t size = tile.rows * width;
    const uint32_t next = pair ? 2u * A64_GROUP : A64_GROUP;
    const int16_t *const residual = layer.residual + (size_t)tile.token * layer.step;
    const int32_t *base = layer.base + tile.first;
    const int16_t *factor = layer.factor + tile.first;
    const int16_t *slope = layer.slope + tile.first;
    uint32_t place = tile.first % layer.b;
    y += (size_t)tile.token * layer.n + tile.first;
    for (const uint8_t *group = tile.counts; group != tile.counts + width; group += next) {
        const constants first = constants_at(factor, slope);
        const constants second = pair ? constants_at(factor + A64_GROUP, slope + A64_GROUP) : first;
        const uint32_t beside = place + A64_GROUP == layer.b ? 0u : place + A64_GROUP;
        const int16_t *added = residual + place;
        const ptrdiff_t across = (ptrdiff_t)beside - (ptrdiff_t)place;
        const uint8_t *counts = group;
        int16_t *to = y;
        for (uint32_t row = tile.used; row > 0u; row--) {
            A64_HERE(base);
            values16(a64_counts_of(counts, chunks, size), base, &first, added, up, left, to);
            if (pair) {
                values16(a64_counts_of(counts + A64_GROUP, chunks, size), base + A64_GROUP, &second,
                         added + across, up, left, to + A64_GROUP);
            }
            added += layer.step;
            to += layer.n;
            counts += width;
        }
        base += next;
        factor += next;
        slope += next;
        y += next;
        place = (pair ? beside : place) + A64_GROUP;
        place = place == layer.b ? 0u : place;
    }
}

static void end(const a64_layer *layer, const a64_tile *tile, void *y) {
    if (tile->vectors == 1u) {
        make(*layer, *tile, y, 0, tile->chunks);
    } else {
        A64_BY_CHUNKS(tile->chunks, make, *layer, *tile, y, 1);
    }
}

void sbnn_a64_values(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                     uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                     uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t words,
                     uint32_t n, uint32_t b, uint32_t step, uint32_t shift, const uint32_t *x,
                     const uint8_t *w, const int32_t *base, const int16_t *factor, const int16_t *slope,
                     const int16_t *residual, void *workspace, int16_t *y) {
    const a64_grid grid = {rows,        columns,        kernel_rows,   kernel_columns,
                           stride_rows, stride_columns, dilation_rows, dilation_columns,
                           first_row,   first_column,   4u * words};
    const a64_layer layer = {n,     b ? b : A64_GROUP,       step, shift, w, base, factor,
                             slope, b ? residual : a64_zeros};
    sbnn_a64_binary(&grid, &layer, x, workspace, end, y);
}
