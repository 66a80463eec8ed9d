#include "stream_rows.h"

__attribute__((naked)) void sbnn_stream_values_rows_wide(__attribute__((unused))
                                                         const stream_channel *channel,
                                                         __attribute__((unused)) uint32_t *counts) {
    __asm volatile(STREAM_VALUES_ENTER("") STREAM_EACH(STREAM_VALUES, STREAM_ALL_HALVES));
}
