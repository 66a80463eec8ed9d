/* The mismatches of a group's channels, see stream_lanes.h.
 *
 *   r0      record, from word to word of the high nibbles
 *   r1 r2   constants, residual
 *   r4-r7   mismatches of eight channels, in pairs
 *   stack   end of the record's words, the argument, the tokens to go */
#ifndef SBNN_KERNELS_STREAM_LANES_COUNT_H
#define SBNN_KERNELS_STREAM_LANES_COUNT_H

#include "stream_lanes.h"

#define LANES_ENTER                                                                                    \
    "ldr r1, [r0, #40]\n"                                                                              \
    "push {r0, r1, r4-r11, lr}\n"                                                                      \
    "ldm r0, {r0-r3}\n"                                                                                \
    "sub sp, sp, #4\n"
#define LANES_TOKEN                                                                                    \
    "1:\n"                                                                                             \
    "add r12, r0, #16\n"                                                                               \
    "str r12, [sp]\n"
#define LANES_ADD(sum, word)                                                                           \
    "and r11, r9, " word "\n"                                                                          \
    "add " sum ", " sum ", r11\n"
#define LANES_COUNT                                                                                    \
    "2:\n"                                                                                             \
    "ldr r12, [sp, #4]\n"                                                                              \
    "ldr lr, [r12, #36]\n"                                                                             \
    "mov r9, #0x00FF00FF\n"                                                                            \
    "ldr r10, [r0]\n"                                                                                  \
    "ldr r8, [r0, #16]\n"                                                                              \
    "sub r8, r8, r10, lsl #4\n"                                                                        \
    "and r4, r9, r8\n"                                                                                 \
    "and r5, r9, r8, lsr #8\n"                                                                         \
    "and r6, r9, r10\n"                                                                                \
    "and r7, r9, r10, lsr #8\n"                                                                        \
    "mov r12, r0\n"                                                                                    \
    "b 4f\n"                                                                                           \
    "3:\n"                                                                                             \
    "ldr r11, [sp, #4]\n"                                                                              \
    "ldr r11, [r11, #32]\n"                                                                            \
    "add r12, r12, r11\n"                                                                              \
    "ldr r10, [r12]\n"                                                                                 \
    "ldr r8, [r12, #16]\n"                                                                             \
    "sub r8, r8, r10, lsl #4\n" /**/                                                                   \
        LANES_ADD("r4", "r8") LANES_ADD("r5", "r8, lsr #8") LANES_ADD("r6", "r10")                     \
            LANES_ADD("r7", "r10, lsr #8") "4:\n"                                                      \
                                           "subs lr, lr, #1\n"                                         \
                                           "bne 3b\n"

/* The products of a pair's mismatches, which are overwritten, and factors are added to its bases. */
#define LANES_PRODUCTS(counts)                                                                         \
    "ldm r1!, {r10-r12}\n"                                                                             \
    "uxth lr, " counts "\n"                                                                            \
    "lsr " counts ", " counts ", #16\n"                                                                \
    "sxth r8, r12\n"                                                                                   \
    "asr r12, r12, #16\n"                                                                              \
    "mla r10, lr, r8, r10\n"                                                                           \
    "mla r11, " counts ", r12, r11\n"                                                                  \
    "ldr r12, [r2], #4\n"                                                                              \
    "sxth lr, r12\n"

#define LANES_WORD                                                                                     \
    "add r0, r0, #4\n"                                                                                 \
    "ldr r12, [sp]\n"                                                                                  \
    "cmp r0, r12\n"                                                                                    \
    "bne 2b\n"
/* r10 and r11 become the steps of the residual and of what is made. */
#define LANES_NEXT                                                                                     \
    "add r0, r0, #16\n"                                                                                \
    "sub r1, r1, #192\n"                                                                               \
    "ldr r12, [sp, #4]\n"                                                                              \
    "ldrd r10, r11, [r12, #24]\n"                                                                      \
    "sub r10, r10, #64\n"                                                                              \
    "add r2, r2, r10\n"
#define LANES_LEAVE                                                                                    \
    "ldr r12, [sp, #8]\n"                                                                              \
    "subs r12, r12, #1\n"                                                                              \
    "str r12, [sp, #8]\n"                                                                              \
    "bne 1b\n"                                                                                         \
    "add sp, sp, #12\n"                                                                                \
    "pop {r4-r11, pc}\n"

#endif
