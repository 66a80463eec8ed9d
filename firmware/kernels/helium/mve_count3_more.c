#include "mve_count.h"

COUNT_FUNCTION(sbnn_mve_count3_more, uint8_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_COPY("q1", "4") COUNT_COPY("q2", "8")
                   COUNT_LOOP COUNT_MORE COUNT_NEXT("q1") COUNT_NEXT("q2") COUNT_ADD COUNT_LEAVE)
