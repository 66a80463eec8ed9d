#include "stream_run.h"

__attribute__((naked)) void sbnn_stream_run_values(__attribute__((unused)) const stream_run *run) {
    __asm volatile(STREAM_ENTER STREAM_CHANNEL_VALUES(STREAM_BYTES)
                       STREAM_EACH(STREAM_VALUES, STREAM_ALL_BYTES));
}
