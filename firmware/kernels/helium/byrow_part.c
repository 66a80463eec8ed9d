#include "byrow_pass.h"

PASS_FUNCTION(sbnn_byrow_part, PASS_THREE_WORDS PASS_LOOP PASS_THREE("q6")
                                   PASS_THREE("q7") "vstmia r3!, {d12-d15}\n" PASS_THREE("q6")
                                       PASS_THREE("q7") "vstmia r3!, {d12-d15}\n")
