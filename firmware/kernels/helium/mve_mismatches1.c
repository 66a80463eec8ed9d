#include "mve_count.h"

COUNT_FUNCTION(sbnn_mve_mismatches1, uint16_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_FACTOR COUNT_LOOP COUNT_SET COUNT_WHOLE)
