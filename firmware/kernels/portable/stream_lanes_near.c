#include "stream_lanes.h"

void sbnn_lanes_near(const lanes_values *values) {
    sbnn_lanes_far(values);
}
