#include "stream_rows.h"

__attribute__((naked)) uint32_t sbnn_stream_bits_rows(__attribute__((unused))
                                                      const stream_channel *channel,
                                                      __attribute__((unused)) uint32_t *counts) {
    __asm volatile(STREAM_BITS_ENTER STREAM_BYTES STREAM_EACH(STREAM_BITS, STREAM_ALL_BYTES));
}
