#include "byrow_pass.h"

#define NEXT(to) PASS_THREE(to) "vldrw.u32 q3, [r3], #16\n" PASS_ADD(to, "q3") PASS_SUM(to)

PASS_FUNCTION(sbnn_byrow_last3_more,
              PASS_THREE_WORDS PASS_LOOP NEXT("q7") NEXT("q6") PASS_JOIN("q6", "q7") NEXT("q7")
                  PASS_JOIN("q7", "q6") NEXT("q6") PASS_JOIN("q6", "q7") PASS_STORE("q6"))
