#include "stream_run.h"

__attribute__((naked)) void sbnn_stream_run_bits_wide(__attribute__((unused)) const stream_run *run) {
    __asm volatile(STREAM_ENTER STREAM_CHANNEL_BITS("") STREAM_EACH(STREAM_BITS, STREAM_ALL_HALVES));
}
