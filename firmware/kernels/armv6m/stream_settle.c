#include "stream.h"

#define HALVES 0x00FF00FFu

/* r0 and r1 are the address of the sums and their end, r2 selects bytes 0 and 2 as halfwords, r3 and r4
 * are the first pair, r5 and r6 the second one, and r7 and r8 parts of them. */
__attribute__((naked)) static void in_place(__attribute__((unused)) uint32_t *sums,
                                            __attribute__((unused)) const uint32_t *end,
                                            __attribute__((unused)) uint32_t halves) {
    __asm volatile(".syntax unified\n"
                   "push {r4-r7, lr}\n"
                   "mov r4, r8\n"
                   "push {r4}\n"
                   "1:\n"
                   "ldm r0!, {r3-r6}\n"
                   "subs r0, #16\n"
                   "lsls r7, r4, #4\n"
                   "subs r3, r3, r7\n"
                   "lsls r7, r6, #4\n"
                   "subs r5, r5, r7\n"
                   "movs r7, r3\n"
                   "ands r7, r2\n"
                   "lsrs r3, r3, #8\n"
                   "ands r3, r2\n"
                   "mov r8, r3\n"
                   "movs r3, r5\n"
                   "ands r3, r2\n"
                   "adds r7, r7, r3\n"
                   "str r7, [r0]\n"
                   "lsrs r5, r5, #8\n"
                   "ands r5, r2\n"
                   "add r5, r5, r8\n"
                   "str r5, [r0, #4]\n"
                   "movs r7, r4\n"
                   "ands r7, r2\n"
                   "lsrs r4, r4, #8\n"
                   "ands r4, r2\n"
                   "mov r8, r4\n"
                   "movs r4, r6\n"
                   "ands r4, r2\n"
                   "adds r7, r7, r4\n"
                   "str r7, [r0, #8]\n"
                   "lsrs r6, r6, #8\n"
                   "ands r6, r2\n"
                   "add r6, r6, r8\n"
                   "str r6, [r0, #12]\n"
                   "adds r0, #16\n"
                   "cmp r0, r1\n"
                   "bne 1b\n"
                   "pop {r4}\n"
                   "mov r8, r4\n"
                   "pop {r4-r7, pc}\n");
}

void sbnn_stream_settle(uint32_t *sums, uint32_t n, uint32_t *wide) {
    uint32_t *const end = sums + STREAM_COUNTS * n;
    in_place(sums, end, HALVES);
    if (wide == sums) {
        return;
    }
    for (; sums != end; sums++) {
        *wide++ += *sums;
        *sums = 0;
    }
}
