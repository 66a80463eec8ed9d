#include "mve_dots.h"

#define ROW(sum)                                                                                       \
    DOTS_ONE(sum)                                                                                      \
    "vldrb.u8 q5, [r1], #16\n"                                                                         \
    "vmladava.s8 " sum ", q2, q4\n"                                                                    \
    "vmladava.s8 " sum ", q3, q5\n"

__attribute__((naked)) void sbnn_mve_dots4(DOTS_ARGUMENTS) {
    __asm volatile(DOTS_ENTER "vldrb.u8 q3, [r0, #48]\n"
                              "1:\n" ROW("r4") ROW("r6") ROW("r8") ROW("r10") DOTS_LEAVE);
}
