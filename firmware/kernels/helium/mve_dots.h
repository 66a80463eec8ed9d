/* Products of a patch whose bytes are all in registers, with four rows of weights at a time: r4, r6, r8
 * and r10 are the sums, the fifth argument is above eight saved registers and four double registers (64
 * bytes), and q4 and q5 are weights. */
#ifndef SBNN_KERNELS_MVE_DOTS_H
#define SBNN_KERNELS_MVE_DOTS_H

#include "mve.h"

#define DOTS_ARGUMENTS                                                                                 \
    __attribute__((unused)) const uint8_t *patch, __attribute__((unused)) const int8_t *w,             \
        __attribute__((unused)) uint32_t vectors, __attribute__((unused)) uint32_t fours,              \
        __attribute__((unused)) int32_t *sums

#define DOTS_ENTER                                                                                     \
    "push {r4-r10, lr}\n"                                                                              \
    "vpush {d8-d11}\n"                                                                                 \
    "ldr r12, [sp, #64]\n"                                                                             \
    "dls lr, r3\n"                                                                                     \
    "vldrb.u8 q0, [r0]\n"                                                                              \
    "vldrb.u8 q1, [r0, #16]\n"                                                                         \
    "vldrb.u8 q2, [r0, #32]\n"
#define DOTS_ONE(sum)                                                                                  \
    "vldrb.u8 q4, [r1], #16\n"                                                                         \
    "vldrb.u8 q5, [r1], #16\n"                                                                         \
    "vmladav.s8 " sum ", q0, q4\n"                                                                     \
    "vldrb.u8 q4, [r1], #16\n"                                                                         \
    "vmladava.s8 " sum ", q1, q5\n"
#define DOTS_LEAVE                                                                                     \
    "stmia r12!, {r4, r6, r8, r10}\n"                                                                  \
    "le lr, 1b\n"                                                                                      \
    "vpop {d8-d11}\n"                                                                                  \
    "pop {r4-r10, pc}\n"

#endif
