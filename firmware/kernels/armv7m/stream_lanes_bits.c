#include "stream_lanes_count.h"

/* A sign enters at the lowest bit, so that the first channel's is the top one in the end. r3 has the
 * signs, r9 the factor of the residual. The address of the bits is on the stack too. */
#define PAIR(counts)                                                                                   \
    LANES_PRODUCTS(counts)                                                                             \
    "asr r12, r12, #16\n"                                                                              \
    "mla r10, lr, r9, r10\n"                                                                           \
    "mla r11, r12, r9, r11\n"                                                                          \
    "adds r10, r10, r10\n"                                                                             \
    "adcs r3, r3, r3\n"                                                                                \
    "adds r11, r11, r11\n"                                                                             \
    "adcs r3, r3, r3\n"

__attribute__((naked)) void sbnn_lanes_bits(__attribute__((unused)) const lanes_values *values) {
    __asm volatile("ldr r1, [r0, #40]\n"
                   "ldr r2, [r0, #12]\n"
                   "push {r0-r2, r4-r11, lr}\n"
                   "ldm r0, {r0-r3}\n"
                   "sub sp, sp, #4\n" /**/
                   LANES_TOKEN LANES_COUNT "ldr r12, [sp, #4]\n"
                   "ldr r9, [r12, #20]\n"                                            /**/
                   PAIR("r4") PAIR("r5") PAIR("r6") PAIR("r7") LANES_WORD LANES_NEXT /**/
                   "rbit r3, r3\n"
                   "mvn r3, r3\n"
                   "ldr r12, [sp, #12]\n"
                   "str r3, [r12]\n"
                   "add r12, r12, r11\n"
                   "str r12, [sp, #12]\n"
                   "ldr r12, [sp, #8]\n"
                   "subs r12, r12, #1\n"
                   "str r12, [sp, #8]\n"
                   "bne 1b\n"
                   "add sp, sp, #16\n"
                   "pop {r4-r11, pc}\n");
}
