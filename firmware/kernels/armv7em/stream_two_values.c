#include "stream_two.h"

__attribute__((naked)) void sbnn_stream_two_values(__attribute__((unused)) stream_two *channels) {
    __asm volatile(STREAM_TWO_VALUES(STREAM_TWO_HALVES, STREAM_TWO_ALL_HALVES));
}
