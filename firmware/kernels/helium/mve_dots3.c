#include "mve_dots.h"

#define ROW(sum)                                                                                       \
    "vldmia r1!, {d8-d13}\n"                                                                           \
    "vmladav.s8 " sum ", q0, q4\n"                                                                     \
    "vmladava.s8 " sum ", q1, q5\n"                                                                    \
    "vmladava.s8 " sum ", q2, q6\n"

__attribute__((naked)) void sbnn_mve_dots3(DOTS_ARGUMENTS) {
    __asm volatile(DOTS_ENTER DOTS_PATCH("q0", "0") DOTS_PATCH("q1", "16") DOTS_PATCH(
        "q2", "32") "1:\n" ROW("r4") ROW("r6") ROW("r8") ROW("r10") DOTS_LEAVE);
}
