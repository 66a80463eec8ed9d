#include "mve_rows.h"

#define ROW(sum)                                                                                       \
    ROWS_TWO("q0", ROWS_SET, sum, "q1", ROWS_ADD, sum)                                                 \
    ROWS_TWO("q2", ROWS_ADD, sum, "q3", ROWS_ADD, sum)
/* Add to the mismatches of the words before these. */
#define MORE                                                                                           \
    "ldrd r9, r11, [r3]\n"                                                                             \
    "uadd16 r4, r4, r9\n"                                                                              \
    "uadd16 r7, r7, r11\n"

__attribute__((naked)) void sbnn_mve_rows16_more(ROWS_ARGUMENTS) {
    __asm volatile(ROWS_ENTER ROWS_PATCH("q0", "0") ROWS_PATCH("q1", "16") ROWS_PATCH("q2", "32")
                       ROWS_PATCH("q3", "48") ROWS_LOOP ROW("r4") ROW("r6") ROW("r8") ROW("r10")
                           ROWS_PACK MORE ROWS_LEAVE);
}
