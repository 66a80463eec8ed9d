#include "stream_clear.h"

/* Two fours of words make a turn of the loop; an odd one comes first. */
__attribute__((naked)) void sbnn_stream_clear(__attribute__((unused)) uint32_t *counts,
                                              __attribute__((unused)) uint32_t fours) {
    __asm volatile("push {r4-r8, lr}\n"
                   "movs r2, #0\n"
                   "movs r3, #0\n"
                   "movs r4, #0\n"
                   "movs r5, #0\n"
                   "movs r6, #0\n"
                   "movs r7, #0\n"
                   "mov r8, r2\n"
                   "mov r12, r2\n"
                   "lsrs r1, r1, #1\n"
                   "bcc 1f\n"
                   "stm r0!, {r2-r5}\n"
                   "cbz r1, 2f\n"
                   "1:\n"
                   "stm r0!, {r2-r8, r12}\n"
                   "subs r1, r1, #1\n"
                   "bne 1b\n"
                   "2:\n"
                   "pop {r4-r8, pc}\n");
}
