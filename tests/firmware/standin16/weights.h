#include <stdint.h>

extern const int16_t standin16_weights[3];
