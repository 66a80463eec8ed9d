#include "stream_rows.h"

uint32_t sbnn_stream_bits_rows_wide(const stream_channel *channel, uint32_t *counts) {
    STREAM_SIGNS(stream_half);
}
