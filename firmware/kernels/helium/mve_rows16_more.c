#include "mve_rows.h"

#define ROW(before, sum)                                                                               \
    ROWS_ONES("q0", before)                                                                            \
    ROWS_ONES("q1", ROWS_FIRST(sum))                                                                   \
    ROWS_ONES("q2", ROWS_ADD(sum))                                                                     \
    ROWS_ONES("q3", ROWS_ADD(sum))
/* Add to the mismatches of the words before these. */
#define MORE                                                                                           \
    "ldrd r9, r11, [r3]\n"                                                                             \
    "uadd16 r4, r4, r9\n"                                                                              \
    "uadd16 r7, r7, r11\n"

__attribute__((naked)) void sbnn_mve_rows16_more(ROWS_ARGUMENTS) {
    __asm volatile(ROWS_ENTER ROWS_PATCH("q0", "0") ROWS_PATCH("q1", "16") ROWS_PATCH("q2", "32")
                       ROWS_PATCH("q3", "48") ROWS_LOOP ROW("", "r4") ROW(ROWS_ADD("r4"), "r6")
                           ROW(ROWS_ADD("r6"), "r8") ROW(ROWS_ADD("r8"), "r10") ROWS_ADD("r10")
                               ROWS_PACK MORE ROWS_LEAVE);
}
