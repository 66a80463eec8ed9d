#include "stream.h"

void sbnn_stream_block(const stream_layer *layer, const stream_counts *found, uint32_t first,
                       uint32_t rows) {
    const uint32_t n = layer->n;
    const uint32_t b = layer->b;
    const uint32_t last = first + ((rows - 1u) & ~1u);
    const int16_t *const residual = layer->residual + last * b;
    const int16_t *const stop = residual + (b ? b : 1u);
    const int32_t *base = layer->base;
    const int16_t *factor = layer->factor;
    const int16_t *slope = layer->slope;
    const uint32_t slope_step = layer->slopes == 1u ? 0u : 1u;
    void (*const make)(const stream_channel *, uint32_t *) =
        found->wide ? sbnn_stream_values_rows_wide : sbnn_stream_values_rows;
    uint32_t *counts = found->counts;
    uint32_t *const end = counts + found->channels * STREAM_COUNTS;
    stream_channel channel = {.added = residual,
                              .y = layer->y + last * n,
                              .down_added = (int32_t)b * -4,
                              .down_y = (int32_t)n * -4,
                              .shift = layer->shift,
                              .rows = rows,
                              .step_added = b * 2u,
                              .step_y = n * 2u,
                              .half = STREAM_SLOPE_HALF};
    for (const int32_t *const bases = base + n; base != bases; slope += slope_step) {
        channel.base = *base++;
        channel.factor = *factor++;
        channel.slope = *slope;
        make(&channel, counts);
        channel.y++;
        counts += STREAM_COUNTS;
        if (counts == end) {
            counts = found->counts;
        }
        if (++channel.added == stop) {
            channel.added = residual;
        }
    }
}
