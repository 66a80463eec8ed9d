#include "stream_run.h"

static uint32_t least(uint32_t one, uint32_t other) {
    return one < other ? one : other;
}

/* Channels are taken together as far as neither counts nor residuals start again. */
void sbnn_stream_block(const stream_layer *layer, const stream_counts *found, uint32_t first,
                       uint32_t rows) {
    const uint32_t n = layer->n;
    const uint32_t b = layer->b;
    const uint32_t last = first + ((rows - 1u) & ~1u);
    const int16_t *const residual = layer->residual + last * b;
    const uint32_t own_slopes = layer->slopes != 1u;
    void (*const make)(const stream_run *) =
        found->wide ? sbnn_stream_run_values_wide : sbnn_stream_run_values;
    stream_run run = {.step_added = b * 2u,
                      .step_y = n * 2u,
                      .half = STREAM_SLOPE_HALF,
                      .next_added = b ? 2u : 0u,
                      .slope_step = own_slopes * 2u,
                      .down_added = (int32_t)b * -4,
                      .down_y = (int32_t)n * -4,
                      .shift = layer->shift,
                      .rows = rows};
    uint32_t channel = 0; /* of the counts */
    uint32_t place = 0;   /* of the residual */
    for (uint32_t j = 0; j < n;) {
        const uint32_t some = least(least(n - j, found->channels - channel), b ? b - place : n);
        run.added = residual + place;
        run.y = layer->y + last * n + j;
        run.counts = found->counts + channel * STREAM_COUNTS;
        run.counts_end = run.counts + some * STREAM_COUNTS;
        run.base = layer->base + j;
        run.factor = layer->factor + j;
        run.slopes = layer->slope + own_slopes * j;
        make(&run);
        j += some;
        channel = channel + some == found->channels ? 0u : channel + some;
        place = b == 0u || place + some == b ? 0u : place + some;
    }
}
