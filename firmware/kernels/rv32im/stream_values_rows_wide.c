#include "stream_rows.h"

void sbnn_stream_values_rows_wide(const stream_channel *channel, uint32_t *counts) {
    STREAM_VALUES(stream_half);
}
