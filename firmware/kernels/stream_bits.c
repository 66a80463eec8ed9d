#include "linear_stream.h"
#include "stream.h"

/* Byte i of the pair has bits of channel i; after it, byte t has the bits of row t. Bits, pairs and
 * nibbles are exchanged in turn (H. S. Warren, Hacker's Delight, 2nd edition, section 7-3). The bytes
 * are then written, inverted, because a sign is 1 where a bit is 0. */
static void scatter(uint32_t low, uint32_t high, uint32_t rows, uint8_t *y, uint32_t step) {
    uint32_t other = (low ^ low >> 7) & 0x00AA00AAu;
    low ^= other ^ other << 7;
    other = (high ^ high >> 7) & 0x00AA00AAu;
    high ^= other ^ other << 7;
    other = (low ^ low >> 14) & 0x0000CCCCu;
    low ^= other ^ other << 14;
    other = (high ^ high >> 14) & 0x0000CCCCu;
    high ^= other ^ other << 14;
    other = (low ^ high << 4) & 0xF0F0F0F0u;
    low = ~(low ^ other);
    high = ~(high ^ other >> 4);
    for (; rows > 0u; rows--) {
        *y = (uint8_t)low;
        y += step;
        low = low >> 8 | high << 24;
        high >>= 8;
    }
}

void sbnn_stream_bits(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                      uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                      uint32_t dilation_columns, int32_t first_row, int32_t first_column,
                      uint32_t words, uint32_t k, uint32_t few, uint32_t n, uint32_t b, uint32_t up,
                      const uint32_t *x, const uint32_t *w, const int32_t *base, const int16_t *factor,
                      const int16_t *residual, void *workspace, uint32_t *y) {
    const stream_product product = {rows,
                                    columns,
                                    kernel_rows,
                                    kernel_columns,
                                    stride_rows,
                                    stride_columns,
                                    dilation_rows,
                                    dilation_columns,
                                    first_row,
                                    first_column,
                                    words,
                                    k,
                                    few,
                                    n,
                                    x,
                                    w,
                                    workspace};
    const uint32_t outputs = stream_outputs(&product);
    const int16_t *const added = residual ? residual : &stream_zero;
    stream_channel channel = {.down_added = (int32_t)b * -4, .shift = up, .step_added = b * 2u};
    for (uint32_t first = 0; first < outputs; first += STREAM_ROWS) {
        channel.rows = outputs - first < STREAM_ROWS ? outputs - first : STREAM_ROWS;
        const stream_counts found = sbnn_stream_count(&product, first, channel.rows);
        uint32_t *counts = found.counts;
        const int16_t *const last = added + (first + ((channel.rows - 1u) & ~1u)) * b;
        const int16_t *const stop = last + (b ? b : 1u);
        uint32_t (*const make)(const stream_channel *, uint32_t *) =
            found.wide ? sbnn_stream_bits_rows_wide : sbnn_stream_bits_rows;
        uint8_t *out = (uint8_t *)y + first * (n / 8u);
        const int32_t *bases = base;
        const int16_t *factors = factor;
        channel.added = last;
        for (uint32_t j = 0; j < n; j += 8u) {
            union {
                uint8_t bytes[8];
                uint32_t words[2];
            } signs;
            for (uint32_t i = 0; i < 8u; i++) {
                channel.base = *bases++;
                channel.factor = *factors++;
                signs.bytes[i] = (uint8_t)make(&channel, counts);
                counts += found.step;
                if (++channel.added == stop) {
                    channel.added = last;
                }
            }
            scatter(signs.words[0], signs.words[1], channel.rows, out++, n / 8u);
        }
    }
}
