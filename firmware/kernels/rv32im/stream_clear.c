#include "stream.h"

void sbnn_stream_clear(uint32_t *counts, uint32_t fours) {
    for (; fours > 0u; fours--, counts += STREAM_COUNTS) {
        counts[0] = 0;
        counts[1] = 0;
        counts[2] = 0;
        counts[3] = 0;
        __asm volatile("" ::: "memory"); /* GCC would call memset. */
    }
}
