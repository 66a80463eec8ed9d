#include "stream_lanes_values.h"

__attribute__((naked)) void sbnn_lanes_far(__attribute__((unused)) const lanes_values *values) {
    __asm volatile(LANES_VALUES(LANES_FAR));
}
