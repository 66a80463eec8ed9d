#include "mve_dots.h"

#define ROW(sum) DOTS_ONE(sum) "vmladava.s8 " sum ", q2, q4\n"

__attribute__((naked)) void sbnn_mve_dots3(DOTS_ARGUMENTS) {
    __asm volatile(DOTS_ENTER "1:\n" ROW("r4") ROW("r6") ROW("r8") ROW("r10") DOTS_LEAVE);
}
