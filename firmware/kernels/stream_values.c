#include "linear_stream.h"
#include "stream.h"

void sbnn_stream_values(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                        uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                        uint32_t dilation_columns, int32_t first_row, int32_t first_column,
                        uint32_t words, uint32_t k, uint32_t few, uint32_t n, uint32_t b,
                        uint32_t slopes, uint32_t shift, const uint32_t *x, const uint32_t *w,
                        const int32_t *base, const int16_t *factor, const int16_t *slope,
                        const int16_t *residual, void *workspace, int16_t *y) {
    const stream_product product = {STREAM_GRID, k, few, n, x, w, workspace};
    const uint32_t outputs = stream_outputs(&product);
    const stream_layer layer = {.base = base,
                                .factor = factor,
                                .slope = slope,
                                .n = n,
                                .b = b,
                                .slopes = slopes,
                                .shift = shift,
                                .residual = residual ? residual : stream_zero,
                                .y = y};
    for (uint32_t first = 0; first < outputs; first += STREAM_ROWS) {
        const uint32_t count = outputs - first < STREAM_ROWS ? outputs - first : STREAM_ROWS;
        const stream_counts found = sbnn_stream_count(&product, first, count);
        sbnn_stream_block(&layer, &found, first, count);
    }
}
