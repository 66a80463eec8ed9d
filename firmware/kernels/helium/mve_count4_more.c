#include "mve_count.h"

COUNT_FUNCTION(sbnn_mve_count4_more, uint8_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_COPY("q1", "4") COUNT_COPY("q2", "8")
                   COUNT_COPY("q3", "12") COUNT_LOOP COUNT_MORE COUNT_ADD_TWO("q0", "q1")
                       COUNT_ADD_TWO("q2", "q3") COUNT_LEAVE)
