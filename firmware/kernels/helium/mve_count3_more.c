#include "mve_count.h"

#define MORE                                                                                           \
    COUNT_THREE                                                                                        \
    "vldrb.u8 q6, [r12, q3]\n"                                                                         \
    "vldrb.u8 q3, [r12, q4]\n"                                                                         \
    "vldrb.u8 q4, [r12, q5]\n" COUNT_ADD "vadd.i8 q7, q7, q3\n"                                        \
    "vadd.i8 q7, q7, q4\n"

COUNT_FUNCTION(sbnn_mve_count3_more, uint8_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_COPY("q1", "4") COUNT_COPY("q2", "8")
                   COUNT_LOOP COUNT_MORE MORE COUNT_LEAVE)
