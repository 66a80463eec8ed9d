#include "a64_binary.h"
#include "linear_a64.h"

#include <stddef.h>

/* The masks of 16 outputs. */
static inline uint8x16_t masks16(a64_counts counts, const int32_t *base, const int16x8_t factor[2],
                                 const int16_t *added, int16x8_t up) {
    return a64_masks(a64_sums(base, counts.low, factor[0], added, up),
                     a64_sums(base + A64_EIGHT, counts.high, factor[1], added + A64_EIGHT, up));
}

/* Bits of a tile, word by word of all of its rows. Layer and tile are copies, which the words that are
 * written cannot change. */
__attribute__((always_inline)) static inline void make(const a64_layer layer, const a64_tile tile,
                                                       uint32_t *y, uint32_t chunks) {
    const uint8x16_t bits = a64_place();
    const int16x8_t up = vdupq_n_s16((int16_t)(1u << layer.shift));
    const uint32_t width = A64_GROUP * tile.vectors;
    const uint32_t size = tile.rows * width;
    const uint32_t words = layer.n / 32u;
    const int16_t *const residual = layer.residual + (size_t)tile.token * layer.step;
    const int32_t *base = layer.base + tile.first;
    const int16_t *factor = layer.factor + tile.first;
    uint32_t place = tile.first % layer.b;
    y += (size_t)tile.token * words + tile.first / 32u;
    for (const uint8_t *group = tile.counts; group != tile.counts + width; group += 32) {
        const int16x8_t low[2] = {vld1q_s16(factor), vld1q_s16(factor + 8)};
        const int16x8_t high[2] = {vld1q_s16(factor + 16), vld1q_s16(factor + 24)};
        const uint32_t beside = place + A64_GROUP == layer.b ? 0u : place + A64_GROUP;
        const int16_t *added = residual + place;
        const ptrdiff_t across = (ptrdiff_t)beside - (ptrdiff_t)place;
        const uint8_t *counts = group;
        uint32_t *to = y;
        for (uint32_t row = tile.used; row > 0u; row--) {
            A64_HERE(base);
            *to = a64_word(masks16(a64_counts_of(counts, chunks, size), base, low, added, up),
                           masks16(a64_counts_of(counts + A64_GROUP, chunks, size), base + A64_GROUP,
                                   high, added + across, up),
                           bits);
            added += layer.step;
            to += words;
            counts += width;
        }
        base += 32;
        factor += 32;
        y++;
        place = beside + A64_GROUP == layer.b ? 0u : beside + A64_GROUP;
    }
}

static void end(const a64_layer *layer, const a64_tile *tile, void *y) {
    A64_BY_CHUNKS(tile->chunks, make, *layer, *tile, y);
}

void sbnn_a64_bits(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                   uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                   uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t words,
                   uint32_t n, uint32_t b, uint32_t step, uint32_t up, const uint32_t *x,
                   const uint8_t *w, const int32_t *base, const int16_t *factor,
                   const int16_t *residual, void *workspace, uint32_t *y) {
    const a64_grid grid = {rows,        columns,        kernel_rows,   kernel_columns,
                           stride_rows, stride_columns, dilation_rows, dilation_columns,
                           first_row,   first_column,   4u * words};
    const a64_layer layer = {n,    b ? b : A64_GROUP,       step, up, w, base, factor,
                             NULL, b ? residual : a64_zeros};
    sbnn_a64_binary(&grid, &layer, x, workspace, end, y);
}
