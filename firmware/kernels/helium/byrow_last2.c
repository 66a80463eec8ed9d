#include "byrow_pass.h"

PASS_FUNCTION(sbnn_byrow_last2, PASS_COPY("q0", "0") PASS_COPY("q1", "4") PASS_LOOP PASS_TWO("q7")
                                    PASS_TWO_HALF PASS_TWO("q3") PASS_TWO_END)
