#include <stdint.h>

extern const int16_t stand_in_weights_0[3];

#define SBNN_WEIGHTS(X) X(stand_in_weights_0)
