/* The values of a group's channels, see stream_lanes.h.
 *
 *   r0        record, from word to word of the high nibbles
 *   r1 r2 r3  constants, residual, values
 *   r4-r7     mismatches of eight channels, in pairs
 *   r8 r9     slope, shift
 *   r10-r12   a pair
 *   lr        4096
 *   stack     end of the record's words, the argument, the tokens to go */
#ifndef SBNN_KERNELS_STREAM_LANES_VALUES_H
#define SBNN_KERNELS_STREAM_LANES_VALUES_H

#include "stream_lanes.h"

#define LANES_ENTER                                                                                    \
    "ldr r1, [r0, #40]\n"                                                                              \
    "push {r0, r1, r4-r11, lr}\n"                                                                      \
    "ldm r0, {r0-r3, r9}\n"                                                                            \
    "sub sp, sp, #4\n"                                                                                 \
    "1:\n"                                                                                             \
    "add r12, r0, #16\n"                                                                               \
    "str r12, [sp]\n"

/* Gather the mismatches of eight channels. */
#define LANES_COUNT                                                                                    \
    "2:\n"                                                                                             \
    "ldr r12, [sp, #4]\n"                                                                              \
    "ldrd r11, lr, [r12, #32]\n"                                                                       \
    "ldr r10, [r0]\n"                                                                                  \
    "ldr r8, [r0, #16]\n"                                                                              \
    "sub r8, r8, r10, lsl #4\n"                                                                        \
    "uxtb16 r4, r8\n"                                                                                  \
    "uxtb16 r5, r8, ror #8\n"                                                                          \
    "uxtb16 r6, r10\n"                                                                                 \
    "uxtb16 r7, r10, ror #8\n"                                                                         \
    "mov r12, r0\n"                                                                                    \
    "b 4f\n"                                                                                           \
    "3:\n"                                                                                             \
    "add r12, r12, r11\n"                                                                              \
    "ldr r10, [r12]\n"                                                                                 \
    "ldr r8, [r12, #16]\n"                                                                             \
    "sub r8, r8, r10, lsl #4\n"                                                                        \
    "uxtab16 r4, r4, r8\n"                                                                             \
    "uxtab16 r5, r5, r8, ror #8\n"                                                                     \
    "uxtab16 r6, r6, r10\n"                                                                            \
    "uxtab16 r7, r7, r10, ror #8\n"                                                                    \
    "4:\n"                                                                                             \
    "subs lr, lr, #1\n"                                                                                \
    "bne 3b\n"                                                                                         \
    "ldr r12, [sp, #4]\n"                                                                              \
    "ldr r8, [r12, #20]\n"                                                                             \
    "mov lr, #4096\n"

/* Two channels. Twice a half has its sign, which SEL goes by: halves of h that are negative are
 * replaced. The product with a slope below 1 fits a halfword after its shift. */
#define LANES_PAIR(counts, end)                                                                        \
    "ldm r1!, {r10-r12}\n"                                                                             \
    "smlabb r10, " counts ", r12, r10\n"                                                               \
    "smlatt r11, " counts ", r12, r11\n"                                                               \
    "asr r10, r10, r9\n"                                                                               \
    "asr r11, r11, r9\n"                                                                               \
    "ldr r12, [r2], #4\n" /**/                                                                         \
        end "smlabb r11, r10, r8, lr\n"                                                                \
    "smlatb r12, r10, r8, lr\n"                                                                        \
    "lsl r12, r12, #3\n"                                                                               \
    "pkhtb r11, r12, r11, asr #13\n"                                                                   \
    "sadd16 r12, r10, r10\n"                                                                           \
    "sel r10, r10, r11\n"                                                                              \
    "str r10, [r3], #4\n"

/* Add the residual to a pair whose numbers fit halfwords, or need not. */
#define LANES_NEAR                                                                                     \
    "pkhbt r10, r10, r11, lsl #16\n"                                                                   \
    "qadd16 r10, r10, r12\n"
#define LANES_FAR                                                                                      \
    "sxtah r10, r10, r12\n"                                                                            \
    "add r11, r11, r12, asr #16\n"                                                                     \
    "ssat r10, #16, r10\n"                                                                             \
    "ssat r11, #16, r11\n"                                                                             \
    "pkhbt r10, r10, r11, lsl #16\n"

#define LANES_VALUES(end)                                                                              \
    LANES_ENTER LANES_COUNT LANES_PAIR("r4", end) LANES_PAIR("r5", end) LANES_PAIR("r6", end)          \
        LANES_PAIR("r7", end) "add r0, r0, #4\n"                                                       \
                              "ldr r12, [sp]\n"                                                        \
                              "cmp r0, r12\n"                                                          \
                              "bne 2b\n"                                                               \
                              "add r0, r0, #16\n"                                                      \
                              "sub r1, r1, #192\n"                                                     \
                              "ldr r12, [sp, #4]\n"                                                    \
                              "ldrd r10, r11, [r12, #24]\n"                                            \
                              "sub r10, r10, #64\n"                                                    \
                              "sub r11, r11, #64\n"                                                    \
                              "add r2, r2, r10\n"                                                      \
                              "add r3, r3, r11\n"                                                      \
                              "ldr r12, [sp, #8]\n"                                                    \
                              "subs r12, r12, #1\n"                                                    \
                              "str r12, [sp, #8]\n"                                                    \
                              "bne 1b\n"                                                               \
                              "add sp, sp, #12\n"                                                      \
                              "pop {r4-r11, pc}\n"

#endif
