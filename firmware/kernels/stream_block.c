#include "stream.h"

void sbnn_stream_block(const stream_layer *layer, const stream_counts *found, uint32_t first,
                       uint32_t rows) {
    const uint32_t n = layer->n;
    const uint32_t b = layer->b;
    const int wide = found->wide;
    const int32_t half = (int32_t)(1u << layer->shift >> 1);
    const int32_t one = (int32_t)(1u << layer->shift);
    const uint32_t last = first + ((rows - 1u) & ~1u);
    const int16_t *const residual = layer->residual + last * b;
    const int16_t *added = residual;
    uint32_t *counts = found->counts;
    uint32_t *const end = counts + found->channels * found->step;
    stream_channel channel = {.y = layer->y + last * n,
                              .down_added = (int32_t)b * -4,
                              .down_y = (int32_t)n * -4,
                              .shift = layer->shift,
                              .rows = rows,
                              .step_added = b * 2u,
                              .step_y = n * 2u,
                              .slope = *layer->slope,
                              .half = STREAM_SLOPE_HALF};
    for (uint32_t j = 0; j < n; j++) {
        const int32_t scale = layer->scale[j];
        /* The bias is added before the shift, which does not change the sum. Where sums wrap round, the
         * row's difference wraps back. */
        channel.base = (int32_t)((uint32_t)layer->origin * (uint32_t)scale +
                                 (uint32_t)(half + layer->bias[j] * one));
        channel.factor = layer->times * scale;
        channel.added = added;
        if (layer->slopes != 1u) {
            channel.slope = layer->slope[j];
        }
        if (wide) {
            sbnn_stream_values_rows_wide(&channel, counts);
        } else {
            sbnn_stream_values_rows(&channel, counts);
        }
        channel.y++;
        if (++added == residual + b || b == 0u) {
            added = residual;
        }
        counts += found->step;
        if (counts == end) {
            counts = found->counts;
        }
    }
}
