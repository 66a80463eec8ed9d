#include "attend.h"
#include "attend_two.h"

__attribute__((naked)) void sbnn_attend_two_more(__attribute__((unused)) const uint32_t *tables,
                                                 __attribute__((unused)) const uint32_t *w,
                                                 __attribute__((unused)) uint32_t stride,
                                                 __attribute__((unused)) uint32_t n,
                                                 __attribute__((unused)) uint32_t *counts) {
    __asm volatile(ATTEND_ENTER "1:\n"
                                "ldr lr, [r1]\n"
                                "ldm r12, {r8-r11}\n" /**/
                   ATTEND_UNSETTLE ATTEND_FIVES("r4", "r5", "r0")
                       ATTEND_SUM ATTEND_BOTH ATTEND_SETTLE ATTEND_NEXT);
}
