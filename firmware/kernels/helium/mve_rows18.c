#include "mve_rows.h"

/* No register is left for masks: the predicate has the low half of the lanes, after an else the high
 * one, and after the next else the low one again. */
#define HALF                                                                                           \
    "movs r4, #0xFF\n"                                                                                 \
    "vmsr p0, r4\n"
#define ROW(before, sum)                                                                               \
    ROWS_ONES("q0", before)                                                                            \
    ROWS_ONES("q1", ROWS_FIRST(sum))                                                                   \
    ROWS_ONES("q2", ROWS_ADD(sum))                                                                     \
    ROWS_ONES("q3", ROWS_ADD(sum))
#define SPLIT(then, other)                                                                             \
    "vpste\n"                                                                                          \
    "vaddvat.u8 " then ", q6\n"                                                                        \
    "vaddvae.u8 " other ", q6\n"

__attribute__((naked)) void sbnn_mve_rows18(ROWS_ARGUMENTS) {
    __asm volatile(ROWS_ENTER ROWS_PATCH("q0", "0") ROWS_PATCH("q1", "16") ROWS_PATCH("q2", "32")
                       ROWS_PATCH("q3", "48") ROWS_TWO_WORDS("q4", "64") HALF ROWS_LOOP ROW("", "r4")
                           ROW(ROWS_ADD("r4"), "r6") ROWS_ONES("q4", ROWS_ADD("r6"))
                               ROW(SPLIT("r4", "r6"), "r8") ROW(ROWS_ADD("r8"), "r10")
                                   ROWS_ONES("q4", ROWS_ADD("r10")) SPLIT("r10", "r8")
                                       ROWS_PACK ROWS_LEAVE);
}
