/* Products of a patch whose bytes are all in registers, with four rows of weights at a time: r4, r6, r8
 * and r10 are the sums, the fifth argument is above eight saved registers and eight double registers
 * (96 bytes), and q4 to q7 are weights, which VLDM loads as one instruction. It requires words that are
 * aligned, which a patch may not be. */
#ifndef SBNN_KERNELS_MVE_DOTS_H
#define SBNN_KERNELS_MVE_DOTS_H

#include "mve.h"

#define DOTS_ARGUMENTS                                                                                 \
    __attribute__((unused)) const uint8_t *patch, __attribute__((unused)) const int8_t *w,             \
        __attribute__((unused)) uint32_t vectors, __attribute__((unused)) uint32_t fours,              \
        __attribute__((unused)) int32_t *sums

#define DOTS_ENTER                                                                                     \
    "push {r4-r10, lr}\n"                                                                              \
    "vpush {d8-d15}\n"                                                                                 \
    "ldr r12, [sp, #96]\n"                                                                             \
    "dls lr, r3\n"
#define DOTS_PATCH(q, offset) "vldrb.u8 " q ", [r0, #" offset "]\n"
#define DOTS_LEAVE                                                                                     \
    "stmia r12!, {r4, r6, r8, r10}\n"                                                                  \
    "le lr, 1b\n"                                                                                      \
    "vpop {d8-d15}\n"                                                                                  \
    "pop {r4-r10, pc}\n"

#endif
