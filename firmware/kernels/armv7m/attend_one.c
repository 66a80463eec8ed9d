#include "attend.h"
#include "attend_add.h"

/* r2 has the high nibbles, which makes one instruction less of each extraction; the strides are 1. */
#define SUM                                                                                            \
    "add r8, r8, r4\n"                                                                                 \
    "add r10, r10, r5\n"                                                                               \
    "and r4, r2, r4, lsr #4\n"                                                                         \
    "and r5, r2, r5, lsr #4\n"                                                                         \
    "add r9, r9, r4\n"                                                                                 \
    "add r11, r11, r5\n"

__attribute__((naked)) void sbnn_attend_one(__attribute__((unused)) const uint32_t *tables,
                                            __attribute__((unused)) const uint32_t *w,
                                            __attribute__((unused)) uint32_t n,
                                            __attribute__((unused)) uint32_t *counts) {
    __asm volatile("push {r4-r11, lr}\n"
                   "mov r12, r3\n"
                   "add r3, r12, r2, lsl #4\n"
                   "add r0, r0, #768\n"
                   "mov r2, #0x0F0F0F0F\n"
                   "1:\n"
                   "ldr lr, [r1], #4\n" /**/
                   ATTEND_FIVES("r8", "r10", "r0") "and r9, r2, r8, lsr #4\n"
                                                   "and r11, r2, r10, lsr #4\n"       /**/
                   ATTEND_TWO("r4", "r5", "r0", "15", "5", "0", "20", "6", "256") SUM /**/
                       ATTEND_SINGLE("r0", "26", "6", "768") SUM ATTEND_SETTLE "stm r12!, {r8-r11}\n"
                                                                               "cmp r12, r3\n"
                                                                               "bne 1b\n"
                                                                               "pop {r4-r11, pc}\n");
}
