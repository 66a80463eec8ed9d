/* The mismatches of a group's channels, see stream_lanes.h.
 *
 *   r0      record, from word to word of the high nibbles
 *   r1 r2   constants, residual
 *   r4-r7   mismatches of eight channels, in pairs
 *   r9      shift, or the factor of the residual
 *   stack   end of the record's words, chunks after the first one, bytes from one to the next, the
 *           tokens to go, the steps of the residual and of what is made less a group's bytes, what is
 *           in r9; then slope and 4096, or the address of the bits */
#ifndef SBNN_KERNELS_STREAM_LANES_COUNT_H
#define SBNN_KERNELS_STREAM_LANES_COUNT_H

#include "stream_lanes.h"
#include "stream_lanes_turn.h"

/* The pointer in r3 moves `less` bytes while a token is made. r8 and r9 are shift and slope. */
#define LANES_ENTER(less)                                                                              \
    "push {r4-r11, lr}\n"                                                                              \
    "sub sp, sp, #36\n"                                                                                \
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
#define LANES_TOKEN                                                                                    \
    "1:\n"                                                                                             \
    "add r12, r0, #16\n"                                                                               \
    "str r12, [sp]\n"
#define LANES_ADD(sum, word)                                                                           \
    "and r9, lr, " word "\n"                                                                           \
    "add " sum ", " sum ", r9\n"

/* Gather the mismatches of eight channels, of whose record r0 is the next word then. */
#define LANES_COUNT                                                                                    \
    "2:\n"                                                                                             \
    "ldr r8, [r0, #16]\n"                                                                              \
    "ldr r10, [r0], #4\n"                                                                              \
    "ldr r12, [sp, #4]\n"                                                                              \
    "mov lr, #0x00FF00FF\n"                                                                            \
    "sub r8, r8, r10, lsl #4\n"                                                                        \
    "and r4, lr, r8\n"                                                                                 \
    "and r5, lr, r8, lsr #8\n"                                                                         \
    "and r6, lr, r10\n"                                                                                \
    "and r7, lr, r10, lsr #8\n"                                                                        \
    "cmp r12, #0\n"                                                                                    \
    "beq 4f\n"                                                                                         \
    "mov r11, r0\n"                                                                                    \
    "3:\n"                                                                                             \
    "ldr r9, [sp, #8]\n"                                                                               \
    "add r11, r11, r9\n"                                                                               \
    "ldr r10, [r11, #-4]\n"                                                                            \
    "ldr r8, [r11, #12]\n"                                                                             \
    "sub r8, r8, r10, lsl #4\n" /**/                                                                   \
        LANES_ADD("r4", "r8") LANES_ADD("r5", "r8, lsr #8") LANES_ADD("r6", "r10")                     \
            LANES_ADD("r7", "r10, lsr #8") "subs r12, r12, #1\n"                                       \
                                           "bne 3b\n"                                                  \
                                           "ldr r9, [sp, #24]\n"                                       \
                                           "4:\n"

/* The products of a pair's mismatches, which are overwritten, and factors are added to its bases; then
 * the residuals are loaded. */
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

#endif
