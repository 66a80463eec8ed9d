#include "mve_count.h"

#define SET                                                                                            \
    COUNT_THREE                                                                                        \
    "vldrb.u8 q7, [r12, q3]\n"                                                                         \
    "vldrb.u8 q6, [r12, q4]\n"                                                                         \
    "vldrb.u8 q3, [r12, q5]\n" COUNT_ADD "vadd.i8 q7, q7, q3\n"

COUNT_FUNCTION(sbnn_mve_mismatches3, uint16_t,
               COUNT_ENTER COUNT_COPY("q0", "0") COUNT_COPY("q1", "4") COUNT_COPY("q2", "8")
                   COUNT_FACTOR COUNT_LOOP_OF_TWO SET COUNT_STORE("q7") SET COUNT_WHOLE)
