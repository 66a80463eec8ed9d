#include "mve_dots.h"

#define ROW(sum)                                                                                       \
    "vldmia r1!, {d8-d11}\n"                                                                           \
    "vmladav.s8 " sum ", q0, q4\n"                                                                     \
    "vmladava.s8 " sum ", q1, q5\n"

__attribute__((naked)) void sbnn_mve_dots2(DOTS_ARGUMENTS) {
    __asm volatile(DOTS_ENTER DOTS_PATCH("q0", "0") DOTS_PATCH("q1", "16") "1:\n" ROW("r4") ROW("r6")
                       ROW("r8") ROW("r10") DOTS_LEAVE);
}
