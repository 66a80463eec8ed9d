#include "stream_rows.h"

uint32_t sbnn_stream_bits_rows(const stream_channel *channel, uint32_t *counts) {
    stream_make_bytes(counts);
    STREAM_SIGNS(stream_byte);
}
