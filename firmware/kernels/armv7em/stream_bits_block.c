#include "stream.h"
#include "stream_scatter.h"
#include "stream_two.h"

/* The signs of two channels whose residuals are not neighbours, by way of copies. */
static void apart(stream_two *channels, const int16_t *other) {
    int16_t values[STREAM_ROWS][2];
    const int16_t *added = channels->added;
    for (uint32_t row = channels->rows; row-- > 0u;) {
        values[row][0] = *added;
        values[row][1] = *other;
        added -= channels->step_added / sizeof *added;
        other -= channels->step_added / sizeof *other;
    }
    const uint32_t step = channels->step_added;
    channels->added = values[channels->rows - 1u];
    channels->step_added = sizeof values[0];
    channels->pairs = 1;
    sbnn_stream_two_bits(channels);
    channels->step_added = step;
}

void sbnn_stream_bits_block(const stream_layer *layer, const stream_counts *found, uint32_t first,
                            uint32_t rows, uint8_t *y) {
    const uint32_t n = layer->n;
    const uint32_t b = layer->b;
    const int16_t *const residual = layer->residual + (first + rows - 1u) * b;
    const int16_t power[2] = {(int16_t)(1u << layer->shift), 0};
    stream_two channels = {.counts = found->counts,
                           .added = residual,
                           .base = layer->base,
                           .factor = layer->factor,
                           .slope = power,
                           .step_added = b * 2u,
                           .rows = rows,
                           .added_end = residual + (b ? b : 2u),
                           .added_start = residual};
    uint32_t place = 0; /* of the residual, where pairs are not neighbours */
    for (uint32_t j = 0; j < n; j += 8u) {
        union {
            uint8_t bytes[8];
            uint32_t words[2];
        } signs;
        channels.y = signs.bytes;
        channels.pairs = 4;
        if ((b & 1u) == 0u) {
            sbnn_stream_two_bits(&channels);
        } else {
            for (uint32_t i = 0; i < 4u; i++) {
                const uint32_t other = place + 1u == b ? 0u : place + 1u;
                channels.added = residual + place;
                apart(&channels, residual + other);
                place = other + 1u == b ? 0u : other + 1u;
            }
        }
        stream_scatter(signs.words[0], signs.words[1], rows, y++, n / 8u);
    }
}
