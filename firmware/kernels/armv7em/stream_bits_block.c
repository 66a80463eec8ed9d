#include "stream.h"
#include "stream_scatter.h"
#include "stream_two.h"

/* The signs of two channels whose residuals are not neighbours, by way of copies. */
static void apart(stream_two channels, const int16_t *other, stream_make_two *make) {
    int16_t values[STREAM_ROWS][2];
    const uint32_t odd = (channels.rows - 1u) & 1u;
    const uint32_t step = channels.step_added / sizeof *other;
    const int16_t *added = channels.added + odd * step;
    other += odd * step;
    for (uint32_t row = channels.rows; row-- > 0u;) {
        values[row][0] = *added;
        values[row][1] = *other;
        added -= step;
        other -= step;
    }
    channels.added = values[channels.rows - 1u - odd];
    channels.step_added = sizeof values[0];
    channels.counts_end = channels.counts + 2u * STREAM_COUNTS;
    make(&channels);
}

/* Pairs are taken together as far as the residuals do not start again. */
void sbnn_stream_bits_block(const stream_layer *layer, const stream_counts *found, uint32_t first,
                            uint32_t rows, uint8_t *y) {
    const uint32_t n = layer->n;
    const uint32_t b = layer->b;
    const int16_t *const residual = layer->residual + (first + ((rows - 1u) & ~1u)) * b;
    const int16_t power[2] = {(int16_t)(1u << layer->shift), 0};
    stream_make_two *const make = found->wide ? sbnn_stream_two_bits : sbnn_stream_two_bits_bytes;
    stream_two channels = {.counts = found->counts,
                           .base = layer->base,
                           .factor = layer->factor,
                           .slope = power,
                           .step_added = b * 2u,
                           .rows = rows,
                           .next_added = b ? 4u : 0u};
    uint32_t place = 0; /* of the residual */
    for (uint32_t j = 0; j < n; j += 8u) {
        union {
            uint8_t bytes[8];
            uint32_t words[2];
        } signs;
        for (uint32_t i = 0; i < 8u;) {
            channels.y = signs.bytes + i;
            channels.added = residual + place;
            if ((b & 1u) == 0u) {
                const uint32_t some = b != 0u && b - place < 8u - i ? b - place : 8u - i;
                channels.counts_end = channels.counts + some * STREAM_COUNTS;
                make(&channels);
                i += some;
                place = b == 0u || place + some == b ? 0u : place + some;
            } else {
                const uint32_t other = place + 1u == b ? 0u : place + 1u;
                apart(channels, residual + other, make);
                channels.counts += 2u * STREAM_COUNTS;
                channels.base += 2;
                channels.factor += 2;
                i += 2u;
                place = other + 1u == b ? 0u : other + 1u;
            }
        }
        stream_scatter(signs.words[0], signs.words[1], rows, y++, n / 8u);
    }
}
