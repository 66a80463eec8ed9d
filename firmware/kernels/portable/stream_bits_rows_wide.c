#include "stream_rows.h"

uint32_t sbnn_stream_bits_rows_wide(const stream_channel *channel, uint32_t *counts) {
    uint32_t signs = 0;
    for (uint32_t row = 0; row < channel->rows; row++) {
        signs |= stream_sign(channel, row, stream_half(counts, row));
    }
    return signs;
}
