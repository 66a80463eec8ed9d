#include "mve_rows.h"

/* q3 and q4 have ones in their low and in their high half; VMLADAVA adds only where they have. */
#define HALVES                                                                                         \
    "vmov.i8 q5, #1\n"                                                                                 \
    "vmov.i32 q6, #0\n"                                                                                \
    "movs r4, #0xFF\n"                                                                                 \
    "vmsr p0, r4\n"                                                                                    \
    "vpsel q3, q5, q6\n"                                                                               \
    "vpsel q4, q6, q5\n"
#define SPLIT(left, right)                                                                             \
    "vmladava.u8 " left ", q6, q3\n"                                                                   \
    "vmladava.u8 " right ", q6, q4\n"

#define PAIR(left, right)                                                                              \
    ROWS_TWO("q0", ROWS_SET, left, "q1", ROWS_ADD, left)                                               \
    ROWS_TWO("q0", ROWS_SET, right, "q1", ROWS_ADD, right)                                             \
    ROWS_ONES("q2") SPLIT(left, right)

__attribute__((naked)) void sbnn_mve_rows10(ROWS_ARGUMENTS) {
    __asm volatile(ROWS_ENTER ROWS_PATCH("q0", "0") ROWS_PATCH("q1", "16") ROWS_TWO_WORDS("q2", "32")
                       HALVES ROWS_LOOP PAIR("r4", "r6") PAIR("r8", "r10") ROWS_PACK ROWS_LEAVE);
}
