#include "mve_count.h"

COUNT_FUNCTION(sbnn_mve_mismatches5, uint16_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_COPY("q1", "4") COUNT_COPY("q2", "8")
                   COUNT_COPY("q3", "12") COUNT_COPY("q4", "16")
                       COUNT_FACTOR COUNT_LOOP COUNT_SET_TWO COUNT_XOR("q2") COUNT_ONES COUNT_NEXT("q3")
                           COUNT_NEXT("q4") COUNT_ADD COUNT_WHOLE)
