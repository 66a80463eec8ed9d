#include "stream_bytes.h"

void sbnn_stream_bytes_plain(uint32_t rows, uint32_t columns, uint32_t kernel_rows,
                             uint32_t kernel_columns, uint32_t stride_rows, uint32_t stride_columns,
                             uint32_t dilation_rows, uint32_t dilation_columns, int32_t first_row,
                             int32_t first_column, uint32_t width, uint32_t a, uint32_t n, uint32_t b,
                             uint32_t slopes, uint32_t pre, uint32_t shift, const int8_t *x,
                             const int8_t *w, const int32_t *base, const int16_t *factor,
                             const int16_t *slope, const int16_t *residual, void *workspace,
                             int16_t *y) {
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
                                    .words = width,
                                    .workspace = workspace};
    const stream_layer layer = {.base = base,
                                .factor = factor,
                                .slope = slope,
                                .n = n,
                                .b = b,
                                .slopes = slopes,
                                .shift = shift,
                                .residual = residual ? residual : stream_zero,
                                .y = y};
    sbnn_stream_bytes_block(&product, &layer, a, pre, x, w, sbnn_stream_plain_sums);
}
