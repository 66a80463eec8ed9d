#include "stream_bytes.h"

void sbnn_stream_rows_plain(uint32_t m, uint32_t width, uint32_t a, uint32_t n, uint32_t b,
                            uint32_t slopes, uint32_t pre, uint32_t shift, const int8_t *x,
                            const int8_t *w, const int32_t *base, const int16_t *factor,
                            const int16_t *slope, const int16_t *residual, void *workspace,
                            int16_t *y) {
    const stream_layer layer = {.base = base,
                                .factor = factor,
                                .slope = slope,
                                .n = n,
                                .b = b,
                                .slopes = slopes,
                                .shift = shift,
                                .residual = residual ? residual : stream_zero,
                                .y = y};
    const stream_counts found = {workspace, a, 1};
    uint16_t *const counts = workspace;
    for (uint32_t first = 0; first < m; first += STREAM_ROWS) {
        const uint32_t count = m - first < STREAM_ROWS ? m - first : STREAM_ROWS;
        for (uint32_t row = 0; row < count; row++, x += width) {
            sbnn_stream_row_sums(x, w, width, a, pre, stream_place(counts, row));
        }
        sbnn_stream_block(&layer, &found, first, count);
    }
}
