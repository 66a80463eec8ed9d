#include "stream_stem.h"
#include "linear_stream.h"

#include <string.h>

/* Copy a row of tokens, with zeros where it is read beyond the grid. */
static void copy(const int8_t *x, uint32_t bytes, int32_t first, stem_term *to, uint32_t size) {
    const uint32_t before = first < 0 ? (uint32_t)-first : 0u;
    const uint32_t skipped = first < 0 ? 0u : (uint32_t)first;
    const uint32_t left = x ? bytes - skipped : 0u;
    const uint32_t some = size - before < left ? size - before : left;
    memset(to, 0, before * sizeof *to);
    to += before;
    if (some > 0u) {
        to = stem_appended(to, x + skipped, some);
    }
    memset(to, 0, (size - before - some) * sizeof *to);
}

void sbnn_stream_stem(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                      uint32_t stride_rows, uint32_t stride_columns, int32_t first_row,
                      int32_t first_column, uint32_t width, uint32_t n, uint32_t pre, uint32_t shift,
                      const int8_t *x, const uint32_t *w, const uint32_t *constants,
                      const int16_t *slope, void *workspace, int16_t *y) {
    const uint32_t out_columns = (columns + stride_columns - 1u) / stride_columns;
    const uint32_t out_rows = (rows + stride_rows - 1u) / stride_rows;
    const uint32_t size = ((out_columns - 1u) * stride_columns + kernel_columns) * width;
    const stream_stem stem = {.patch = workspace,
                              .w = w,
                              .constants = constants,
                              .terms = kernel_rows * kernel_columns * width,
                              .pre = pre,
                              .shift = shift,
                              .slope = *slope,
                              .n = n,
                              .row = size,
                              .fours = kernel_columns * width / 4u,
                              .half = 1u << pre >> 1};
    stem_term *const copies = (stem_term *)((uint8_t *)workspace + stem.terms * STEM_PATCH_BYTES);
    for (uint32_t row = 0; row < out_rows; row++) {
        for (uint32_t i = 0; i < kernel_rows; i++) {
            const int32_t at = (int32_t)(row * stride_rows + i) + first_row;
            const int8_t *const from = (uint32_t)at < rows ? x + (uint32_t)at * columns * width : 0;
            copy(from, columns * width, first_column * (int32_t)width, copies + i * size, size);
        }
        const stem_term *first = copies;
        for (uint32_t column = 0; column < out_columns; column++, y += n) {
            sbnn_stem_token(&stem, first, y);
            first += stride_columns * width;
        }
    }
}
