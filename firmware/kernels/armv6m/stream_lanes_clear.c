#include "stream_lanes.h"

__attribute__((naked)) void sbnn_lanes_clear(__attribute__((unused)) uint32_t *records,
                                             __attribute__((unused)) uint32_t count) {
    __asm volatile("push {r4, r5, lr}\n"
                   "movs r2, #0\n"
                   "movs r3, #0\n"
                   "movs r4, #0\n"
                   "movs r5, #0\n"
                   "1:\n"
                   "stmia r0!, {r2-r5}\n"
                   "stmia r0!, {r2-r5}\n"
                   "subs r1, #1\n"
                   "bne 1b\n"
                   "pop {r4, r5, pc}\n");
}
