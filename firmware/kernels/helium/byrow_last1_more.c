#include "byrow_pass.h"

PASS_FUNCTION(sbnn_byrow_last1_more,
              PASS_COPY("q0", "0") PASS_LOOP PASS_FOUR PASS_BEFORE("d4-d7", "q2", "q3", "q5", "q6")
                  PASS_BEFORE("d4-d7", "q2", "q3", "q7", "q1") PASS_FOUR_END)
