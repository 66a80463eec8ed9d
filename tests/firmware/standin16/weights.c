#include "weights.h"

const int16_t stand_in_weights_0[3] = {4, -3, 2};
