#include "stream_lanes_values.h"

void sbnn_lanes_far(const lanes_values *values) {
    lanes_make(values, 3);
}
