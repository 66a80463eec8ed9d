#include "stream_clear.h"

__attribute__((naked)) void sbnn_stream_clear(__attribute__((unused)) uint32_t *counts,
                                              __attribute__((unused)) uint32_t fours) {
    __asm volatile(".syntax unified\n"
                   "push {r4, r5, lr}\n"
                   "movs r2, #0\n"
                   "movs r3, #0\n"
                   "movs r4, #0\n"
                   "movs r5, #0\n"
                   "lsrs r1, r1, #1\n"
                   "bcc 1f\n"
                   "stmia r0!, {r2-r5}\n"
                   "cmp r1, #0\n"
                   "beq 2f\n"
                   "1:\n"
                   "stmia r0!, {r2-r5}\n"
                   "stmia r0!, {r2-r5}\n"
                   "subs r1, #1\n"
                   "bne 1b\n"
                   "2:\n"
                   "pop {r4, r5, pc}\n");
}
