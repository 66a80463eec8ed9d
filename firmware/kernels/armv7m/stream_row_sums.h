/* The sums of products of a row of bytes with four rows of weights at a time, or with two if no more
 * are left. A missing row is another one of them once more.
 *
 *   r0 r1      bytes of the row, and of the first one of the weights
 *   r2 r3 r8   from these to those of the others
 *   r4-r7      sums, which begin with what rounds them
 *   r9         end of the row
 *   r10-r12 lr terms and weights
 *   stack      row, rows of weights to go; then nine saved registers, and the last two arguments */
#ifndef SBNN_KERNELS_STREAM_ROW_SUMS_H
#define SBNN_KERNELS_STREAM_ROW_SUMS_H

#include "stream_bytes.h"

#define ROW_STORE(sum, at)                                                                             \
    "asr " sum ", " sum ", r12\n"                                                                      \
    "ssat " sum ", #16, " sum "\n" ROW_ORIGIN(sum) "strh " sum ", [lr, #" at "]\n"

/* ROW_FOUR and ROW_TWO take four terms of that many rows, and move r0 and r1 on. */
#define ROW_SUMS                                                                                       \
    "push {r0, r3-r11, lr}\n"                                                                          \
    "add r9, r0, r2\n"                                                                                 \
    "1:\n"                                                                                             \
    "ldr r12, [sp, #44]\n"                                                                             \
    "movs r4, #1\n"                                                                                    \
    "lsl r4, r4, r12\n"                                                                                \
    "lsrs r4, r4, #1\n"                                                                                \
    "mov r5, r4\n"                                                                                     \
    "mov r6, r4\n"                                                                                     \
    "mov r7, r4\n"                                                                                     \
    "ldrd r0, r12, [sp]\n"                                                                             \
    "lsl r3, r2, #1\n"                                                                                 \
    "cmp r12, #3\n"                                                                                    \
    "ite eq\n"                                                                                         \
    "moveq r8, r3\n"                                                                                   \
    "addne r8, r3, r2\n"                                                                               \
    "blt 3f\n"                                                                                         \
    "2:\n" ROW_FOUR "cmp r0, r9\n"                                                                     \
    "bne 2b\n"                                                                                         \
    "b 5f\n"                                                                                           \
    "3:\n"                                                                                             \
    "cmp r12, #2\n"                                                                                    \
    "ite eq\n"                                                                                         \
    "moveq r3, r2\n"                                                                                   \
    "movne r3, #0\n"                                                                                   \
    "4:\n" ROW_TWO "cmp r0, r9\n"                                                                      \
    "bne 4b\n"                                                                                         \
    "5:\n"                                                                                             \
    "ldrd r12, lr, [sp, #44]\n" ROW_STORE("r4", "0") ROW_STORE("r5", "16") ROW_STORE("r6", "32")       \
        ROW_STORE("r7", "48") "add lr, lr, #64\n"                                                      \
                              "add r1, r1, r2, lsl #1\n"                                               \
                              "add r1, r1, r2\n"                                                       \
                              "ldr r12, [sp, #4]\n"                                                    \
                              "str lr, [sp, #48]\n"                                                    \
                              "subs r12, r12, #4\n"                                                    \
                              "str r12, [sp, #4]\n"                                                    \
                              "bgt 1b\n"                                                               \
                              "pop {r0, r3-r11, pc}\n"

#define ROW_ARGUMENTS                                                                                  \
    __attribute__((unused)) const int8_t *x, __attribute__((unused)) const int8_t *w,                  \
        __attribute__((unused)) uint32_t terms, __attribute__((unused)) uint32_t a,                    \
        __attribute__((unused)) uint32_t pre, __attribute__((unused)) uint16_t *place

#endif
