#include "stream_stem.h"

/* A product with a word of weights has two products of bytes in its halves, see stream_dots.c. All sums
 * of a group of four channels become values before the next group.
 *
 *   r0 r1 r2   patch, weights, end of the patch; r0 has the constants while values are made
 *   r3-r6      weights of two terms, products; bases and factors of two channels
 *   r7 r12     two terms; the shifts; slope and 4096
 *   r8-r11     sums of the channels
 *   lr         32768, and the argument while values are made
 *   stack      patch, end of the patch, what the sums of even and odd channels begin with, constants,
 *              values, argument, groups to go, bytes from a row of taps to the next */
#define TWO                                                                                            \
    "ldm r1!, {r3-r6}\n"                                                                               \
    "ldrd r7, r12, [r0], #8\n"                                                                         \
    "mla r3, r3, r7, lr\n"                                                                             \
    "mla r4, r4, r7, lr\n"                                                                             \
    "mla r3, r5, r12, r3\n"                                                                            \
    "mla r4, r6, r12, r4\n"                                                                            \
    "add r8, r8, r3\n"                                                                                 \
    "add r9, r9, r3, asr #16\n"                                                                        \
    "add r10, r10, r4\n"                                                                               \
    "add r11, r11, r4, asr #16\n"
#define VALUES(first, second)                                                                          \
    "ldm r0!, {r3-r6}\n"                                                                               \
    "asr " first ", " first ", r7\n"                                                                   \
    "asr " second ", " second ", r7\n"                                                                 \
    "mla " first ", " first ", r4, r3\n"                                                               \
    "mla " second ", " second ", r6, r5\n"                                                             \
    "asr " first ", " first ", r12\n"                                                                  \
    "asr " second ", " second ", r12\n"                                                                \
    "ssat " first ", #16, " first "\n"                                                                 \
    "ssat " second ", #16, " second "\n"
#define BEND(value)                                                                                    \
    "cmp " value ", #0\n"                                                                              \
    "itt mi\n"                                                                                         \
    "mlami " value ", " value ", r7, r12\n"                                                            \
    "asrmi " value ", " value ", #13\n"

__attribute__((naked)) void sbnn_stem_token(__attribute__((unused)) const stream_stem *stem,
                                            __attribute__((unused)) const stem_term *x,
                                            __attribute__((unused)) int16_t *y) {
    __asm volatile("push {r4-r11, lr}\n"
                   "sub sp, #36\n"
                   "ldr r3, [r0, #12]\n"
                   "ldr r4, [r0, #40]\n"
                   "ldr r5, [r0, #32]\n"
                   "sub r6, r4, r3, lsl #14\n"
                   "add r6, r6, r4, lsl #16\n"
                   "strd r6, r4, [sp, #8]\n"
                   "ldr r4, [r0, #8]\n"
                   "strd r4, r2, [sp, #16]\n"
                   "mov r2, r1\n"
                   "4:\n" /* the rows of taps */
                   "add r2, r2, r5, lsl #2\n"
                   "subs r3, r3, #12\n"
                   "bne 4b\n"
                   "strd r1, r2, [sp]\n"
                   "lsl r5, r5, #2\n"
                   "sub r5, r5, #48\n"
                   "str r5, [sp, #32]\n"
                   "ldr r3, [r0, #28]\n"
                   "strd r0, r3, [sp, #24]\n"
                   "ldr r1, [r0, #4]\n"
                   "1:\n"
                   "ldrd r8, r9, [sp, #8]\n"
                   "ldrd r0, r2, [sp]\n"
                   "mov r10, r8\n"
                   "mov r11, r9\n"
                   "mov lr, #32768\n"
                   "2:\n" TWO TWO TWO TWO TWO TWO "ldr r3, [sp, #32]\n"
                   "add r0, r0, r3\n"
                   "cmp r0, r2\n"
                   "bne 2b\n"
                   "ldr lr, [sp, #24]\n"
                   "ldr r0, [sp, #16]\n"
                   "ldrd r7, r12, [lr, #16]\n"
                   "sub r8, r8, r9, lsl #16\n"
                   "sub r10, r10, r11, lsl #16\n" VALUES("r8", "r9")
                       VALUES("r10", "r11") "ldr r7, [lr, #24]\n"
                                            "mov r12, #4096\n" BEND("r8") BEND("r9") BEND("r10")
                                                BEND("r11") "bfi r8, r9, #16, #16\n"
                                                            "bfi r10, r11, #16, #16\n"
                                                            "ldr r3, [sp, #20]\n"
                                                            "stm r3!, {r8, r10}\n"
                                                            "strd r0, r3, [sp, #16]\n"
                                                            "ldr r3, [sp, #28]\n"
                                                            "subs r3, r3, #4\n"
                                                            "str r3, [sp, #28]\n"
                                                            "bne 1b\n"
                                                            "add sp, #36\n"
                                                            "pop {r4-r11, pc}\n");
}
