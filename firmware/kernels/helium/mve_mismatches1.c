#include "mve_count.h"

#define FOUR                                                                                           \
    "vldmia r1!, {d2-d9}\n"                                                                            \
    "veor q1, q1, q0\n"                                                                                \
    "veor q2, q2, q0\n"                                                                                \
    "veor q3, q3, q0\n"                                                                                \
    "veor q4, q4, q0\n"                                                                                \
    "vldrb.u8 q5, [r12, q1]\n"                                                                         \
    "vldrb.u8 q6, [r12, q2]\n"                                                                         \
    "vldrb.u8 q7, [r12, q3]\n"                                                                         \
    "vldrb.u8 q1, [r12, q4]\n"

COUNT_FUNCTION(sbnn_mve_mismatches1, uint16_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_FACTOR COUNT_LOOP_OF_FOUR FOUR COUNT_STORE("q5")
                   COUNT_STORE("q6") COUNT_STORE("q7") COUNT_STORE("q1") COUNT_END)
