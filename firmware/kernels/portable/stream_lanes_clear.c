#include "stream_lanes.h"

#include <string.h>

void sbnn_lanes_clear(uint32_t *records, uint32_t count) {
    memset(records, 0, count * LANES_RECORD * sizeof *records);
}
