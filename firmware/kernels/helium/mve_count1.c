#include "mve_count.h"

COUNT_FUNCTION(sbnn_mve_count1, uint8_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_LOOP COUNT_SET COUNT_LEAVE)
