#include "mve_rows.h"

#define TWO_ROWS(left, right)                                                                          \
    ROWS_TWO("q0", ROWS_SET, left, "q1", ROWS_ADD, left)                                               \
    ROWS_TWO("q2", ROWS_ADD, left, "q3", ROWS_ADD, left)                                               \
    ROWS_TWO("q4", ROWS_ADD, left, "q0", ROWS_SET, right)                                              \
    ROWS_TWO("q1", ROWS_ADD, right, "q2", ROWS_ADD, right)                                             \
    ROWS_TWO("q3", ROWS_ADD, right, "q4", ROWS_ADD, right)

__attribute__((naked)) void sbnn_mve_rows20(ROWS_ARGUMENTS) {
    __asm volatile(ROWS_ENTER ROWS_PATCH("q0", "0") ROWS_PATCH("q1", "16") ROWS_PATCH("q2", "32")
                       ROWS_PATCH("q3", "48") ROWS_PATCH("q4", "64") ROWS_LOOP TWO_ROWS("r4", "r6")
                           TWO_ROWS("r8", "r10") ROWS_PACK ROWS_LEAVE);
}
