#include "stream.h"
#include "stream_scatter.h"

void sbnn_stream_bits_block(const stream_layer *layer, const stream_counts *found, uint32_t first,
                            uint32_t rows, uint8_t *y) {
    const uint32_t n = layer->n;
    const uint32_t b = layer->b;
    const int16_t *const residual = layer->residual + (first + ((rows - 1u) & ~1u)) * b;
    const int16_t *const stop = residual + (b ? b : 1u);
    uint32_t (*const make)(const stream_channel *, uint32_t *) =
        found->wide ? sbnn_stream_bits_rows_wide : sbnn_stream_bits_rows;
    const int32_t *base = layer->base;
    const int16_t *factor = layer->factor;
    uint32_t *counts = found->counts;
    stream_channel channel = {.added = residual,
                              .down_added = (int32_t)b * -4,
                              .shift = layer->shift,
                              .rows = rows,
                              .step_added = b * 2u};
    for (uint32_t j = 0; j < n; j += 8u) {
        union {
            uint8_t bytes[8];
            uint32_t words[2];
        } signs;
        for (uint32_t i = 0; i < 8u; i++) {
            channel.base = *base++;
            channel.factor = *factor++;
            signs.bytes[i] = (uint8_t)make(&channel, counts);
            counts += STREAM_COUNTS;
            if (++channel.added == stop) {
                channel.added = residual;
            }
        }
        stream_scatter(signs.words[0], signs.words[1], rows, y++, n / 8u);
    }
}
