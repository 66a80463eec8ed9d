/* The values of a group's channels, see stream_lanes.h.
 *
 *   r0        record, from word to word of the high nibbles
 *   r1 r2 r3  constants, residual, values
 *   r4-r7     mismatches of eight channels, in pairs, then their values
 *   r8        residual of a second pair
 *   r9        shift, and in its high half the slope
 *   r10-r12   a pair
 *   lr        4096
 *   stack     end of the record's words, chunks after the first one, bytes from one to the next, the
 *             tokens to go, the steps of residual and values less a group's bytes */
#ifndef SBNN_KERNELS_STREAM_LANES_VALUES_H
#define SBNN_KERNELS_STREAM_LANES_VALUES_H

#include "stream_lanes.h"
#include "stream_lanes_turn.h"

/* Enter with `less` bytes that the pointer at r3 moves from token to token. */
#define LANES_ENTER(less)                                                                              \
    "push {r4-r11, lr}\n"                                                                              \
    "sub sp, sp, #28\n"                                                                                \
    "add r8, r0, #24\n"                                                                                \
    "ldm r8, {r4-r8}\n"                                                                                \
    "sub r4, r4, #64\n"                                                                                \
    "sub r5, r5, #" less "\n"                                                                          \
    "sub r7, r7, #1\n"                                                                                 \
    "strd r7, r6, [sp, #4]\n"                                                                          \
    "strd r8, r4, [sp, #12]\n"                                                                         \
    "str r5, [sp, #20]\n"                                                                              \
    "ldrd r8, r9, [r0, #16]\n"                                                                         \
    "ldm r0, {r0-r3}\n"

/* Gather the mismatches of eight channels, of whose record r0 is the next word then. */
#define LANES_COUNT                                                                                    \
    "2:\n"                                                                                             \
    "ldr r8, [r0, #16]\n"                                                                              \
    "ldr r10, [r0], #4\n"                                                                              \
    "ldr r12, [sp, #4]\n"                                                                              \
    "sub r8, r8, r10, lsl #4\n"                                                                        \
    "uxtb16 r4, r8\n"                                                                                  \
    "uxtb16 r5, r8, ror #8\n"                                                                          \
    "uxtb16 r6, r10\n"                                                                                 \
    "uxtb16 r7, r10, ror #8\n"                                                                         \
    "cmp r12, #0\n"                                                                                    \
    "beq 4f\n"                                                                                         \
    "ldr r11, [sp, #8]\n"                                                                              \
    "mov lr, r12\n"                                                                                    \
    "add r12, r0, r11\n"                                                                               \
    "3:\n"                                                                                             \
    "ldr r10, [r12, #-4]\n"                                                                            \
    "ldr r8, [r12, #12]\n"                                                                             \
    "add r12, r12, r11\n"                                                                              \
    "sub r8, r8, r10, lsl #4\n"                                                                        \
    "uxtab16 r4, r4, r8\n"                                                                             \
    "uxtab16 r5, r5, r8, ror #8\n"                                                                     \
    "uxtab16 r6, r6, r10\n"                                                                            \
    "uxtab16 r7, r7, r10, ror #8\n"                                                                    \
    "subs lr, lr, #1\n"                                                                                \
    "bne 3b\n"

/* The products of a pair's mismatches and factors are added to its bases. */
#define LANES_PRODUCTS(counts)                                                                         \
    "ldm r1!, {r10-r12}\n"                                                                             \
    "smlabb r10, " counts ", r12, r10\n"                                                               \
    "smlatt r11, " counts ", r12, r11\n"

/* Repeat for the next word, and begin and end a token. */
#define LANES_TOKEN                                                                                    \
    "1:\n"                                                                                             \
    "add r12, r0, #16\n"                                                                               \
    "str r12, [sp]\n"

/* Two channels. Twice a half has its sign, which SEL goes by: halves of h that are negative are
 * replaced. The product with a slope below 1 fits a halfword after its shift. */
#define LANES_PAIR(counts, load, end, residual)                                                        \
    LANES_PRODUCTS(counts)                                                                             \
    load "asr r10, r10, r9\n"                                                                          \
         "asr r11, r11, r9\n" /**/                                                                     \
        end(residual) "smlabt r11, r10, r9, lr\n"                                                      \
                      "smlatt r12, r10, r9, lr\n"                                                      \
                      "lsl r12, r12, #3\n"                                                             \
                      "pkhtb r11, r12, r11, asr #13\n"                                                 \
                      "sadd16 r12, r10, r10\n"                                                         \
                      "sel " counts ", r10, r11\n"
#define LANES_LOAD "ldrd r12, r8, [r2], #8\n"
#define LANES_FOUR(first, second, end)                                                                 \
    LANES_PAIR(first, LANES_LOAD, end, "r12") LANES_PAIR(second, "", end, "r8")

/* Add the residual to a pair whose numbers fit halfwords, or need not. */
#define LANES_NEAR(residual)                                                                           \
    "pkhbt r10, r10, r11, lsl #16\n"                                                                   \
    "qadd16 r10, r10, " residual "\n"
#define LANES_FAR(residual)                                                                            \
    "sxtah r10, r10, " residual "\n"                                                                   \
    "add r11, r11, " residual ", asr #16\n"                                                            \
    "ssat r10, #16, r10\n"                                                                             \
    "ssat r11, #16, r11\n"                                                                             \
    "pkhbt r10, r10, r11, lsl #16\n"

#define LANES_VALUES(end)                                                                              \
    LANES_ENTER("64")                                                                                  \
    "orr r9, r8, r9, lsl #16\n" LANES_TOKEN LANES_COUNT "4:\n"                                         \
    "mov lr, #4096\n" LANES_FOUR("r4", "r5", end)                                                      \
        LANES_FOUR("r6", "r7", end) "stm r3!, {r4-r7}\n" LANES_WORD LANES_NEXT                         \
                                    "add r3, r3, r11\n" LANES_LEAVE("28")

#endif
