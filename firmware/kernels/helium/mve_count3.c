#include "mve_count.h"

COUNT_FUNCTION(sbnn_mve_count3, uint8_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_COPY("q1", "4") COUNT_COPY("q2", "8")
                   COUNT_LOOP COUNT_SET COUNT_XOR("q1") COUNT_ONES COUNT_NEXT("q2")
                       COUNT_ADD COUNT_LEAVE)
