#include "stream_lanes.h"

void sbnn_lanes_near_own(const lanes_values *values) {
    sbnn_lanes_far_own(values);
}
