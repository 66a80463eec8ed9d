#include "stream_rows.h"

void sbnn_stream_values_rows(const stream_channel *channel, uint32_t *counts) {
    for (uint32_t row = 0; row < channel->rows; row++) {
        stream_value(channel, row, stream_byte(counts, row));
    }
}
