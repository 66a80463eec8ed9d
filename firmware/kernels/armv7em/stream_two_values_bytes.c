#include "stream_two.h"

__attribute__((naked)) void sbnn_stream_two_values_bytes(__attribute__((unused)) stream_two *channels) {
    __asm volatile(STREAM_TWO_VALUES(STREAM_TWO_BYTES, STREAM_TWO_ALL_BYTES));
}
