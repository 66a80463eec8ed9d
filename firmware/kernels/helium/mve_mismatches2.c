#include "mve_count.h"

#define TWO                                                                                            \
    "vldmia r1!, {d4-d11}\n"                                                                           \
    "veor q2, q2, q0\n"                                                                                \
    "veor q3, q3, q1\n"                                                                                \
    "veor q4, q4, q0\n"                                                                                \
    "veor q5, q5, q1\n"                                                                                \
    "vldrb.u8 q6, [r12, q2]\n"                                                                         \
    "vldrb.u8 q7, [r12, q3]\n"                                                                         \
    "vldrb.u8 q2, [r12, q4]\n"                                                                         \
    "vldrb.u8 q3, [r12, q5]\n"                                                                         \
    "vadd.i8 q7, q7, q6\n"                                                                             \
    "vadd.i8 q3, q3, q2\n"

COUNT_FUNCTION(sbnn_mve_mismatches2, uint16_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_COPY("q1", "4")
                   COUNT_FACTOR COUNT_LOOP_OF_TWO TWO COUNT_STORE("q7") COUNT_STORE("q3") COUNT_END)
