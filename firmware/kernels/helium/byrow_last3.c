#include "byrow_pass.h"

PASS_FUNCTION(sbnn_byrow_last3,
              PASS_THREE_WORDS PASS_LOOP PASS_THREE("q7") PASS_SUM("q7") PASS_THREE("q6") PASS_SUM("q6")
                  PASS_JOIN("q6", "q7") PASS_THREE("q7") PASS_SUM("q7") PASS_JOIN("q7", "q6")
                      PASS_THREE("q6") PASS_SUM("q6") PASS_JOIN("q6", "q7") PASS_STORE("q6"))
