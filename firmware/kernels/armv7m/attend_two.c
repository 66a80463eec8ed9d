#include "attend_two.h"
#include "attend.h"

__attribute__((naked)) void sbnn_attend_two(__attribute__((unused)) const uint32_t *tables,
                                            __attribute__((unused)) const uint32_t *w,
                                            __attribute__((unused)) uint32_t stride,
                                            __attribute__((unused)) uint32_t n,
                                            __attribute__((unused)) uint32_t *counts) {
    __asm volatile(ATTEND_ENTER "1:\n"
                                "ldr lr, [r1]\n" /**/
                   ATTEND_FIVES("r8", "r10", "r0") ATTEND_ODD ATTEND_BOTH ATTEND_SETTLE ATTEND_NEXT);
}
