#include "stream_lanes_values.h"

__attribute__((naked)) void sbnn_lanes_far_own(__attribute__((unused)) const lanes_values *values) {
    __asm volatile(LANES_OWN_VALUES(LANES_FAR));
}
