/* The mismatches of a group's channels on Armv6-M, see stream_lanes.h. Eight channels, of one word of
 * the high nibbles, are a turn of the loop.
 *
 *   r0        shift, or for bits the factor of the residual
 *   r1 r2 r3  constants, residual, values; for bits r3 has the signs
 *   r4-r7     a pair: at the end r4 and r7 are its sums
 *   r8 r9     base and factor of the second channel
 *   r10 r11   slope and 4096; values only
 *   r12 lr    word of the record, chunks to go
 *   stack     the argument, tokens to go, end of the record's words, and while the mismatches are
 *             gathered r0 to r3; then the mismatches of four pairs */
#ifndef SBNN_KERNELS_STREAM_LANES_COUNT_H
#define SBNN_KERNELS_STREAM_LANES_COUNT_H

#include "lookup_saved.h"
#include "stream_lanes.h"

/* Take the fields records to y; r4 is the argument. */
#define LANES_ENTER                                                                                    \
    LOOKUP_SAVE                                                                                        \
    "movs r4, r0\n"                                                                                    \
    "ldr r5, [r4, #40]\n"                                                                              \
    "sub sp, #12\n"                                                                                    \
    "str r4, [sp]\n"                                                                                   \
    "str r5, [sp, #4]\n"                                                                               \
    "ldm r0!, {r1, r2, r3}\n"                                                                          \
    "mov r12, r1\n"                                                                                    \
    "movs r1, r2\n"                                                                                    \
    "movs r2, r3\n"                                                                                    \
    "ldr r3, [r4, #12]\n"

/* Begin a token. */
#define LANES_TOKEN                                                                                    \
    "1:\n"                                                                                             \
    "mov r4, r12\n"                                                                                    \
    "adds r4, #16\n"                                                                                   \
    "str r4, [sp, #8]\n"

#define LANES_MORE(word, even, odd)                                                                    \
    "mov r8, " word "\n"                                                                               \
    "ands " word ", r1\n"                                                                              \
    "adds " even ", " even ", " word "\n"                                                              \
    "mov " word ", r8\n"                                                                               \
    "lsrs " word ", " word ", #8\n"                                                                    \
    "ands " word ", r1\n"                                                                              \
    "adds " odd ", " odd ", " word "\n"
#define LANES_LOAD                                                                                     \
    "ldr r2, [r0]\n"                                                                                   \
    "ldr r3, [r0, #16]\n"                                                                              \
    "lsls r1, r2, #4\n"                                                                                \
    "subs r3, r3, r1\n"                                                                                \
    "ldr r1, =0x00FF00FF\n"

/* Gather the mismatches of eight channels. */
#define LANES_COUNT                                                                                    \
    "2:\n"                                                                                             \
    "push {r0-r3}\n"                                                                                   \
    "mov r0, r12\n" LANES_LOAD "movs r4, r3\n"                                                         \
    "ands r4, r1\n"                                                                                    \
    "lsrs r5, r3, #8\n"                                                                                \
    "ands r5, r1\n"                                                                                    \
    "movs r6, r2\n"                                                                                    \
    "ands r6, r1\n"                                                                                    \
    "lsrs r7, r2, #8\n"                                                                                \
    "ands r7, r1\n"                                                                                    \
    "ldr r2, [sp, #16]\n"                                                                              \
    "ldr r1, [r2, #36]\n"                                                                              \
    "subs r1, #1\n"                                                                                    \
    "beq 4f\n"                                                                                         \
    "3:\n"                                                                                             \
    "mov lr, r1\n"                                                                                     \
    "ldr r2, [sp, #16]\n"                                                                              \
    "ldr r2, [r2, #32]\n"                                                                              \
    "adds r0, r0, r2\n" LANES_LOAD LANES_MORE("r3", "r4", "r5")                                        \
        LANES_MORE("r2", "r6", "r7") "mov r1, lr\n"                                                    \
                                     "subs r1, #1\n"                                                   \
                                     "bne 3b\n"                                                        \
                                     "4:\n"                                                            \
                                     "pop {r0-r3}\n"                                                   \
                                     "push {r4-r7}\n"

/* The products of a pair's mismatches and factors are added to its bases. */
#define LANES_PRODUCTS(at)                                                                             \
    "ldm r1!, {r4, r5, r6}\n"                                                                          \
    "ldr r7, [sp, #" at "]\n"                                                                          \
    "mov r8, r5\n"                                                                                     \
    "sxth r5, r6\n"                                                                                    \
    "asrs r6, r6, #16\n"                                                                               \
    "mov r9, r6\n"                                                                                     \
    "uxth r6, r7\n"                                                                                    \
    "muls r6, r5, r6\n"                                                                                \
    "adds r4, r4, r6\n"                                                                                \
    "lsrs r7, r7, #16\n"                                                                               \
    "mov r5, r9\n"                                                                                     \
    "muls r7, r5, r7\n"                                                                                \
    "add r7, r7, r8\n"                                                                                 \
    "ldm r2!, {r6}\n"                                                                                  \
    "sxth r5, r6\n"                                                                                    \
    "asrs r6, r6, #16\n"

/* Go on with the next word of the record. */
#define LANES_WORD                                                                                     \
    "add sp, #16\n"                                                                                    \
    "mov r4, r12\n"                                                                                    \
    "adds r4, #4\n"                                                                                    \
    "mov r12, r4\n"                                                                                    \
    "ldr r5, [sp, #8]\n"                                                                               \
    "cmp r4, r5\n"                                                                                     \
    "beq 5f\n"                                                                                         \
    "b 2b\n"                                                                                           \
    "5:\n"

/* Go on with the next token. r4 becomes the argument, r5 the step of what is made. */
#define LANES_NEXT                                                                                     \
    "adds r4, #16\n"                                                                                   \
    "mov r12, r4\n"                                                                                    \
    "subs r1, #192\n"                                                                                  \
    "subs r2, #64\n"                                                                                   \
    "ldr r4, [sp]\n"                                                                                   \
    "ldr r5, [r4, #24]\n"                                                                              \
    "adds r2, r2, r5\n"                                                                                \
    "ldr r5, [r4, #28]\n"
#define LANES_LEAVE                                                                                    \
    "ldr r4, [sp, #4]\n"                                                                               \
    "subs r4, #1\n"                                                                                    \
    "str r4, [sp, #4]\n"                                                                               \
    "beq 6f\n"                                                                                         \
    "b 1b\n"                                                                                           \
    "6:\n"                                                                                             \
    "add sp, #12\n" LOOKUP_RETURN ".ltorg\n"

#endif
