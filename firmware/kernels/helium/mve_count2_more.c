#include "mve_count.h"

COUNT_FUNCTION(sbnn_mve_count2_more, uint8_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_COPY("q1", "4")
                   COUNT_LOOP COUNT_MORE COUNT_ADD_TWO("q0", "q1") COUNT_LEAVE)
