#include "stream.h"

static uint32_t least(uint32_t one, uint32_t other) {
    return one < other ? one : other;
}

/* Channels are taken one after the other as far as neither counts nor residuals start again. */
void sbnn_stream_block(const stream_layer *layer, const stream_counts *found, uint32_t first,
                       uint32_t rows) {
    const uint32_t n = layer->n;
    const uint32_t b = layer->b;
    const uint32_t last = first + ((rows - 1u) & ~1u);
    const int32_t *base = layer->base;
    const int16_t *factor = layer->factor;
    const int16_t *slope = layer->slope;
    const uint32_t slope_step = layer->slopes == 1u ? 0u : 1u;
    const uint32_t added_step = b ? 1u : 0u;
    void (*const make)(const stream_channel *, uint32_t *) =
        found->wide ? sbnn_stream_values_rows_wide : sbnn_stream_values_rows;
    int16_t *y = layer->y + last * n;
    stream_channel channel = {.down_added = (int32_t)b * -4,
                              .down_y = (int32_t)n * -4,
                              .shift = layer->shift,
                              .rows = rows,
                              .step_added = b * 2u,
                              .step_y = n * 2u,
                              .half = STREAM_SLOPE_HALF};
    uint32_t from = 0;  /* channel of the counts */
    uint32_t place = 0; /* of the residual */
    for (uint32_t left = n; left > 0u;) {
        const uint32_t some = least(least(left, found->channels - from), b ? b - place : n);
        const int16_t *added = layer->residual + last * b + place;
        uint32_t *counts = found->counts + from * STREAM_COUNTS;
        for (const int32_t *const end = base + some; base != end; counts += STREAM_COUNTS) {
            channel.added = added;
            channel.y = y++;
            channel.base = *base++;
            channel.factor = *factor++;
            channel.slope = *slope;
            added += added_step;
            slope += slope_step;
            make(&channel, counts);
        }
        left -= some;
        from = from + some == found->channels ? 0u : from + some;
        place = b == 0u || place + some == b ? 0u : place + some;
    }
}
