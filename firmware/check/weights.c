#include "weights.h"

const float check_weights_0[1] = {0.5f};
