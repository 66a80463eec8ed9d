#include "mve_rows.h"

/* No register is left for masks: the predicate has the low half of the lanes, after an else the high
 * one, and after the next else the low one again. */
#define HALF                                                                                           \
    "movs r4, #0xFF\n"                                                                                 \
    "vmsr p0, r4\n"
#define ROW(sum)                                                                                       \
    ROWS_TWO("q0", ROWS_SET, sum, "q1", ROWS_ADD, sum)                                                 \
    ROWS_TWO("q2", ROWS_ADD, sum, "q3", ROWS_ADD, sum)
#define SPLIT(then, other)                                                                             \
    "vpste\n"                                                                                          \
    "vaddvat.u8 " then ", q6\n"                                                                        \
    "vaddvae.u8 " other ", q6\n"

__attribute__((naked)) void sbnn_mve_rows18(ROWS_ARGUMENTS) {
    __asm volatile(ROWS_ENTER ROWS_PATCH("q0", "0") ROWS_PATCH("q1", "16") ROWS_PATCH("q2", "32")
                       ROWS_PATCH("q3", "48") ROWS_TWO_WORDS("q4", "64") HALF ROWS_LOOP ROW("r4")
                           ROW("r6") ROWS_ONES("q4") SPLIT("r4", "r6") ROW("r8") ROW("r10")
                               ROWS_ONES("q4") SPLIT("r10", "r8") ROWS_PACK ROWS_LEAVE);
}
