#include "stream.h"

#include <string.h>

void sbnn_stream_clear(uint32_t *counts, uint32_t fours) {
    memset(counts, 0, fours * STREAM_COUNTS * sizeof *counts);
}
