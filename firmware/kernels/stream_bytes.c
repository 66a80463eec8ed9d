#include "linear_stream.h"
#include "stream.h"
#include "stream_terms.h"

/* Widen the bytes of a patch; a tap outside the grid is zeros, and one more term makes an odd number
 * even. */
static void cut(const stream_product *product, const int8_t *x, uint32_t output, stream_term *patch) {
    const uint32_t out_columns = stream_out_columns(product);
    const uint32_t width = product->words;
    const int32_t row = (int32_t)(output / out_columns * product->stride_rows) + product->first_row;
    const int32_t column =
        (int32_t)(output % out_columns * product->stride_columns) + product->first_column;
    for (uint32_t i = 0; i < product->kernel_rows; i++) {
        const uint32_t r = (uint32_t)(row + (int32_t)(i * product->dilation_rows));
        for (uint32_t j = 0; j < product->kernel_columns; j++) {
            const uint32_t c = (uint32_t)(column + (int32_t)(j * product->dilation_columns));
            if (r < product->rows && c < product->columns) {
                const int8_t *token = x + (r * product->columns + c) * width;
                for (const int8_t *const end = token + width; token != end;) {
                    *patch++ = *token++;
                }
            } else {
                for (uint32_t k = 0; k < width; k++) {
                    *patch++ = 0;
                }
            }
        }
    }
    *patch = 0;
}

/* The place of a row among the counts of a channel, which are halfwords as lookup.h lays them out. */
static uint32_t place_of(uint32_t row) {
    return (row & 1u) * 4u + (row & 2u) + row / 4u;
}

void sbnn_stream_bytes(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                       uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                       uint32_t dilation_columns, int32_t first_row, int32_t first_column,
                       uint32_t width, uint32_t a, uint32_t n, uint32_t b, uint32_t slopes,
                       uint32_t pre, uint32_t shift, const int8_t *x, const uint32_t *w,
                       const int32_t *base, const int16_t *factor, const int16_t *slope,
                       const int16_t *residual, void *workspace, int16_t *y) {
    const uint32_t terms = (kernel_rows * kernel_columns * width + 1u) & ~1u;
    uint16_t *const counts = workspace;
    stream_term *const patch = (stream_term *)(void *)(counts + STREAM_ROWS * a);
    const stream_product product = {.rows = rows,
                                    .columns = columns,
                                    .kernel_rows = kernel_rows,
                                    .kernel_columns = kernel_columns,
                                    .stride_rows = stride_rows,
                                    .stride_columns = stride_columns,
                                    .dilation_rows = dilation_rows,
                                    .dilation_columns = dilation_columns,
                                    .first_row = first_row,
                                    .first_column = first_column,
                                    .words = width};
    const uint32_t outputs = stream_outputs(&product);
    const int32_t rounding = (int32_t)(1u << pre >> 1);
    const stream_layer layer = {.base = base,
                                .factor = factor,
                                .slope = slope,
                                .n = n,
                                .b = b,
                                .slopes = slopes,
                                .shift = shift,
                                .residual = residual ? residual : &stream_zero,
                                .y = y};
    for (uint32_t first = 0; first < outputs; first += STREAM_ROWS) {
        const uint32_t count = outputs - first < STREAM_ROWS ? outputs - first : STREAM_ROWS;
        for (uint32_t row = 0; row < count; row++) {
            cut(&product, x, first + row, patch);
            const uint32_t *weights = w;
            uint16_t *place = counts + place_of(row);
            for (uint32_t j = 0; j < a; j += 4u, weights += 2u * terms) {
                int32_t sums[4];
                sbnn_stream_dots(patch, weights, terms, sums);
                for (uint32_t i = 0; i < 4u && j + i < a; i++, place += STREAM_ROWS) {
                    int32_t sum = (sums[i] + rounding) >> pre;
                    sum = sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum;
                    *place = (uint16_t)(sum + 32768);
                }
            }
        }
        const stream_counts found = {workspace, STREAM_ROWS / 2u, a, 1};
        sbnn_stream_block(&layer, &found, first, count);
    }
}
