#include "mve_count.h"

COUNT_FUNCTION(sbnn_mve_mismatches2, uint16_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_COPY("q1", "4")
                   COUNT_FACTOR COUNT_LOOP COUNT_SET COUNT_XOR("q1") COUNT_ONES COUNT_ADD COUNT_WHOLE)
