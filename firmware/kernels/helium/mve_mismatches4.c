#include "mve_count.h"

COUNT_FUNCTION(sbnn_mve_mismatches4, uint16_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_COPY("q1", "4") COUNT_COPY("q2", "8")
                   COUNT_COPY("q3", "12")
                       COUNT_FACTOR COUNT_LOOP COUNT_SET_TWO COUNT_ADD_TWO("q2", "q3") COUNT_WHOLE)
