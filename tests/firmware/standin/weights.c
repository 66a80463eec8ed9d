#include "weights.h"

const float standin_weights[4] = {0.5f, -1.5f, 2.25f, 1.0f};
