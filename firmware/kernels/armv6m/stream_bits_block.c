#include "stream_run.h"
#include "stream_scatter.h"

/* Eight channels, or fewer where the residuals start again. */
void sbnn_stream_bits_block(const stream_layer *layer, const stream_counts *found, uint32_t first,
                            uint32_t rows, uint8_t *y) {
    const uint32_t n = layer->n;
    const uint32_t b = layer->b;
    const int16_t *const residual = layer->residual + (first + ((rows - 1u) & ~1u)) * b;
    void (*const make)(const stream_run *) =
        found->wide ? sbnn_stream_run_bits_wide : sbnn_stream_run_bits;
    stream_run run = {.next_added = b ? 2u : 0u,
                      .counts = found->counts,
                      .base = layer->base,
                      .factor = layer->factor,
                      .down_added = (int32_t)b * -4,
                      .down_y = (int32_t)b * 2,
                      .shift = layer->shift,
                      .rows = rows};
    uint32_t place = 0; /* of the residual */
    for (uint32_t j = 0; j < n; j += 8u) {
        union {
            uint8_t bytes[8];
            uint32_t words[2];
        } signs;
        for (uint32_t i = 0; i < 8u;) {
            const uint32_t some = b != 0u && b - place < 8u - i ? b - place : 8u - i;
            run.added = residual + place;
            run.y = signs.bytes + i;
            run.counts_end = run.counts + some * STREAM_COUNTS;
            make(&run);
            run.counts += some * STREAM_COUNTS;
            run.base += some;
            run.factor += some;
            i += some;
            place = b == 0u || place + some == b ? 0u : place + some;
        }
        stream_scatter(signs.words[0], signs.words[1], rows, y++, n / 8u);
    }
}
