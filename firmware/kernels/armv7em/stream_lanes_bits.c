#include "stream_lanes_values.h"

/* A sign enters at the lowest bit, so that the first channel's is the top one in the end. r3 has the
 * signs, r8 the factor of the residual, r9 the address of the bits. */
#define PAIR(counts)                                                                                   \
    "ldm r1!, {r10-r12}\n"                                                                             \
    "smlabb r10, " counts ", r12, r10\n"                                                               \
    "smlatt r11, " counts ", r12, r11\n"                                                               \
    "ldr r12, [r2], #4\n"                                                                              \
    "smlabb r10, r12, r8, r10\n"                                                                       \
    "smlatb r11, r12, r8, r11\n"                                                                       \
    "adds r10, r10, r10\n"                                                                             \
    "adcs r3, r3, r3\n"                                                                                \
    "adds r11, r11, r11\n"                                                                             \
    "adcs r3, r3, r3\n"

__attribute__((naked)) void sbnn_lanes_bits(__attribute__((unused)) const lanes_values *values) {
    __asm volatile("ldr r1, [r0, #40]\n"
                   "push {r0, r1, r4-r11, lr}\n"
                   "ldm r0, {r0-r3}\n"
                   "mov r9, r3\n"
                   "sub sp, sp, #4\n"
                   "1:\n"
                   "add r12, r0, #16\n"
                   "str r12, [sp]\n"                                       /**/
                   LANES_COUNT PAIR("r4") PAIR("r5") PAIR("r6") PAIR("r7") /**/
                   "add r0, r0, #4\n"
                   "ldr r12, [sp]\n"
                   "cmp r0, r12\n"
                   "bne 2b\n"
                   "rbit r3, r3\n"
                   "mvn r3, r3\n"
                   "str r3, [r9]\n"
                   "add r0, r0, #16\n"
                   "sub r1, r1, #192\n"
                   "ldr r12, [sp, #4]\n"
                   "ldrd r10, r11, [r12, #24]\n"
                   "sub r10, r10, #64\n"
                   "add r2, r2, r10\n"
                   "add r9, r9, r11\n"
                   "ldr r12, [sp, #8]\n"
                   "subs r12, r12, #1\n"
                   "str r12, [sp, #8]\n"
                   "bne 1b\n"
                   "add sp, sp, #12\n"
                   "pop {r4-r11, pc}\n");
}
