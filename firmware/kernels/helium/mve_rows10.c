#include "mve_rows.h"

/* q3 and q4 have ones in their low and in their high half; VMLADAVA adds only where they have. */
#define HALVES                                                                                         \
    "vmov.i8 q5, #1\n"                                                                                 \
    "vmov.i32 q6, #0\n"                                                                                \
    "movs r4, #0xFF\n"                                                                                 \
    "vmsr p0, r4\n"                                                                                    \
    "vpsel q3, q5, q6\n"                                                                               \
    "vpsel q4, q6, q5\n"
#define PAIR(before, left, right)                                                                      \
    ROWS_ONES("q0", before)                                                                            \
    ROWS_ONES("q1", ROWS_FIRST(left))                                                                  \
    ROWS_ONES("q0", ROWS_ADD(left))                                                                    \
    ROWS_ONES("q1", ROWS_FIRST(right))                                                                 \
    ROWS_ONES("q2", ROWS_ADD(right))
#define SPLIT(left, right)                                                                             \
    "vmladava.u8 " left ", q6, q3\n"                                                                   \
    "vmladava.u8 " right ", q6, q4\n"

__attribute__((naked)) void sbnn_mve_rows10(ROWS_ARGUMENTS) {
    __asm volatile(ROWS_ENTER ROWS_PATCH("q0", "0") ROWS_PATCH("q1", "16") ROWS_TWO_WORDS("q2", "32")
                       HALVES ROWS_LOOP PAIR("", "r4", "r6") PAIR(SPLIT("r4", "r6"), "r8", "r10")
                           SPLIT("r8", "r10") ROWS_PACK ROWS_LEAVE);
}
