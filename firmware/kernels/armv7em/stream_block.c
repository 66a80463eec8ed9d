#include "stream.h"
#include "stream_two.h"

/* The values of a channel that has no second one beside it, by way of copies: a pair of the same
 * channel twice. */
static void alone(stream_two channel, stream_make_two *make) {
    uint32_t counts[2][STREAM_COUNTS];
    int16_t values[STREAM_ROWS][2];
    const int32_t base[2] = {*channel.base, *channel.base};
    const int16_t factor[2] = {*channel.factor, *channel.factor};
    const int16_t slope[2] = {*channel.slope, *channel.slope};
    memcpy(counts[0], channel.counts, sizeof counts[0]);
    memcpy(counts[1], channel.counts, sizeof counts[1]);
    const uint32_t odd = (channel.rows - 1u) & 1u;
    const int16_t *added = channel.added + odd * (channel.step_added / sizeof *added);
    for (uint32_t row = channel.rows; row-- > 0u; added -= channel.step_added / sizeof *added) {
        values[row][0] = *added;
        values[row][1] = 0;
    }
    const uint32_t step = channel.step_y / sizeof(int16_t);
    int16_t *y = (int16_t *)channel.y + odd * step;
    channel.counts = counts[0];
    channel.counts_end = counts[2];
    channel.added = values[channel.rows - 1u - odd];
    channel.y = values[channel.rows - 1u - odd];
    channel.base = base;
    channel.factor = factor;
    channel.slope = slope;
    channel.step_added = sizeof values[0];
    channel.step_y = sizeof values[0];
    make(&channel);
    for (uint32_t row = channel.rows; row-- > 0u; y -= step) {
        *y = values[row][0];
    }
}

static uint32_t least(uint32_t one, uint32_t other) {
    return one < other ? one : other;
}

/* Pairs are taken together as far as neither counts nor residuals start again. */
void sbnn_stream_block(const stream_layer *layer, const stream_counts *found, uint32_t first,
                       uint32_t rows) {
    const uint32_t n = layer->n;
    const uint32_t b = layer->b;
    const uint32_t last = first + ((rows - 1u) & ~1u);
    const int16_t same[2] = {*layer->slope, *layer->slope};
    const uint32_t shared = layer->slopes == 1u;
    const uint32_t even = ((n | b | found->channels) & 1u) == 0u;
    stream_make_two *const make = found->wide ? sbnn_stream_two_values : sbnn_stream_two_values_bytes;
    stream_two channels = {.shift = layer->shift,
                           .step_added = b * 2u,
                           .step_y = n * 2u,
                           .rows = rows,
                           .slope_step = shared ? 0u : 4u,
                           .next_added = b ? 4u : 0u};
    uint32_t channel = 0; /* of the counts */
    uint32_t place = 0;   /* of the residual */
    for (uint32_t j = 0; j < n;) {
        uint32_t some = least(least(n - j, found->channels - channel), b ? b - place : n);
        channels.counts = found->counts + channel * STREAM_COUNTS;
        channels.counts_end = channels.counts + some * STREAM_COUNTS;
        channels.y = layer->y + last * n + j;
        channels.base = layer->base + j;
        channels.factor = layer->factor + j;
        channels.slope = shared ? same : layer->slope + j;
        channels.added = layer->residual + last * b + place;
        if (even) {
            make(&channels);
        } else {
            alone(channels, make);
            some = 1;
        }
        j += some;
        channel = channel + some == found->channels ? 0u : channel + some;
        place = b == 0u || place + some == b ? 0u : place + some;
    }
}
