#include "mve_count.h"

#define TWO                                                                                            \
    COUNT_TWO("q0", "q0", "q7")                                                                        \
    "vldmia r3, {d4-d7}\n"                                                                             \
    "vadd.i8 q2, q2, q7\n"                                                                             \
    "vadd.i8 q3, q3, q5\n"                                                                             \
    "vstmia r3!, {d4-d7}\n"

COUNT_FUNCTION(sbnn_mve_count1_more, uint8_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_LOOP_OF_TWO TWO COUNT_END)
