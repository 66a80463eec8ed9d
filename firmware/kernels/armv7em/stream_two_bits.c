#include "stream_two.h"

__attribute__((naked)) void sbnn_stream_two_bits(__attribute__((unused)) stream_two *channels) {
    __asm volatile(STREAM_TWO_BITS(STREAM_TWO_HALVES, STREAM_TWO_ALL_HALVES));
}
