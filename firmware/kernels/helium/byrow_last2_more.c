#include "byrow_pass.h"

PASS_FUNCTION(sbnn_byrow_last2_more,
              PASS_COPY("q0", "0") PASS_COPY("q1", "4") PASS_LOOP PASS_TWO("q7")
                  PASS_BEFORE("d4-d7", "q2", "q3", "q6", "q7") PASS_TWO_HALF PASS_TWO("q3")
                      PASS_BEFORE("d8-d11", "q4", "q5", "q6", "q3") PASS_TWO_END)
