#include "stream.h"
#include "stream_two.h"

/* The values of a channel that has no second one beside it, by way of copies: a pair of the same
 * channel twice. */
static void alone(stream_two channel) {
    uint32_t counts[2][STREAM_COUNTS];
    int16_t values[STREAM_ROWS][2];
    const int32_t base[2] = {*channel.base, *channel.base};
    const int16_t factor[2] = {*channel.factor, *channel.factor};
    const int16_t slope[2] = {*channel.slope, *channel.slope};
    memcpy(counts[0], channel.counts, sizeof counts[0]);
    memcpy(counts[1], channel.counts, sizeof counts[1]);
    const int16_t *added = channel.added;
    for (uint32_t row = channel.rows; row-- > 0u; added -= channel.step_added / sizeof *added) {
        values[row][0] = *added;
        values[row][1] = 0;
    }
    int16_t *y = channel.y;
    const uint32_t step = channel.step_y / sizeof *y;
    channel.counts = counts[0];
    channel.added = values[channel.rows - 1u];
    channel.y = values[channel.rows - 1u];
    channel.base = base;
    channel.factor = factor;
    channel.slope = slope;
    channel.step_added = sizeof values[0];
    channel.step_y = sizeof values[0];
    channel.pairs = 1;
    sbnn_stream_two_values(&channel);
    for (uint32_t row = channel.rows; row-- > 0u; y -= step) {
        *y = values[row][0];
    }
}

void sbnn_stream_block(const stream_layer *layer, const stream_counts *found, uint32_t first,
                       uint32_t rows) {
    const uint32_t n = layer->n;
    const uint32_t b = layer->b;
    const uint32_t last = first + rows - 1u;
    const int16_t *const residual = layer->residual + last * b;
    const int16_t same[2] = {*layer->slope, *layer->slope};
    const uint32_t shared = layer->slopes == 1u;
    stream_two channels = {.counts = found->counts,
                           .added = residual,
                           .y = layer->y + last * n,
                           .base = layer->base,
                           .factor = layer->factor,
                           .slope = shared ? same : layer->slope,
                           .shift = layer->shift,
                           .step_added = b * 2u,
                           .step_y = n * 2u,
                           .rows = rows,
                           .pairs = n / 2u,
                           .counts_end = found->counts + found->channels * STREAM_COUNTS,
                           .counts_start = found->counts,
                           .added_end = residual + (b ? b : 2u),
                           .added_start = residual,
                           .slope_step = shared ? 0u : 4u};
    if (((n | b | found->channels) & 1u) == 0u) {
        sbnn_stream_two_values(&channels);
        return;
    }
    int16_t *const y = channels.y;
    uint32_t channel = 0; /* of the counts */
    uint32_t place = 0;   /* of the residual */
    for (uint32_t j = 0; j < n; j++) {
        channels.counts = found->counts + channel * STREAM_COUNTS;
        channels.added = residual + place;
        channels.y = y + j;
        channels.base = layer->base + j;
        channels.factor = layer->factor + j;
        channels.slope = shared ? same : layer->slope + j;
        alone(channels);
        channel = channel + 1u == found->channels ? 0u : channel + 1u;
        place = place + 1u >= b ? 0u : place + 1u;
    }
}
