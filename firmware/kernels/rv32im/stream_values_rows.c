#include "stream_rows.h"

void sbnn_stream_values_rows(const stream_channel *channel, uint32_t *counts) {
    stream_make_bytes(counts);
    STREAM_VALUES(stream_byte);
}
