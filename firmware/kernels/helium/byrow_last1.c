#include "byrow_pass.h"

PASS_FUNCTION(sbnn_byrow_last1, PASS_COPY("q0", "0") PASS_LOOP PASS_FOUR PASS_FOUR_END)
