#include "weights.h"

const float stand_in_weights_0[4] = {0.5f, -1.5f, 2.25f, 1.0f};
