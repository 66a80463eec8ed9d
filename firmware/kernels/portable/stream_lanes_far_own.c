#include "stream_lanes_values.h"

void sbnn_lanes_far_own(const lanes_values *values) {
    lanes_make(values, 4);
}
