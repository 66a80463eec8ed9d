#include "stream_lanes.h"

__attribute__((naked)) void sbnn_lanes_clear(__attribute__((unused)) uint32_t *records,
                                             __attribute__((unused)) uint32_t count) {
    __asm volatile("push {r4-r8, lr}\n"
                   "movs r2, #0\n"
                   "movs r3, #0\n"
                   "movs r4, #0\n"
                   "movs r5, #0\n"
                   "movs r6, #0\n"
                   "movs r7, #0\n"
                   "mov r8, r2\n"
                   "mov r12, r2\n"
                   "1:\n"
                   "stm r0!, {r2-r8, r12}\n"
                   "subs r1, r1, #1\n"
                   "bne 1b\n"
                   "pop {r4-r8, pc}\n");
}
