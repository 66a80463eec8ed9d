#include "stream_bytes.h"

/* The sums of all rows of weights, stored as those of sbnn_stream_sums. */
static void sums_of(const stream_term *patch, const void *w, uint32_t terms, uint32_t a, uint32_t pre,
                    uint16_t *place) {
    const int8_t *weight = w;
    for (; a > 0u; a--, place += STREAM_ROWS) {
        const stream_term *term = patch;
        int32_t sum = 0;
        for (uint32_t left = terms / 4u; left > 0u; left--, term += 4, weight += 4) {
            sum += term[0] * weight[0];
            sum += term[1] * weight[1];
            sum += term[2] * weight[2];
            sum += term[3] * weight[3];
        }
        for (uint32_t left = terms & 3u; left > 0u; left--) {
            sum += *term++ * *weight++;
        }
        stream_store(place, sum, pre);
    }
}

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
    sbnn_stream_bytes_block(&product, &layer, a, pre, x, w, sums_of);
}
