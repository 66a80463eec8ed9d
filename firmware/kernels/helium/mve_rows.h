/* The functions that count the mismatches of whole rows of weights, with a patch in registers (mve.h).
 *
 *   r0 r1    addresses of the patch and of the weights
 *   r3 r5    addresses of the result and of the table of ones
 *   r4 r6 r8 r10   the mismatches of four outputs; VADDVA adds to even registers only
 *   lr       groups of four outputs left
 *   q0-q4    the patch
 *   q5 q6    weights and their XOR, ones
 *   q7       ones
 *
 * VLDM loads two vectors of weights as one instruction, and the chip takes as long as for two.
 *
 * Where two words remain after a patch's whole vectors, a vector has them twice. Half of a vector of
 * weights is then one output's, the other half the next one's.
 *
 * The fifth argument, ones, is above ten saved registers and eight double registers (104 bytes). */
#ifndef SBNN_KERNELS_MVE_ROWS_H
#define SBNN_KERNELS_MVE_ROWS_H

#include "mve.h"

#define ROWS_ARGUMENTS                                                                                 \
    __attribute__((unused)) const uint32_t *patch, __attribute__((unused)) const uint32_t *w,          \
        __attribute__((unused)) uint32_t groups, __attribute__((unused)) uint16_t *found,              \
        __attribute__((unused)) const uint8_t *ones

#define ROWS_ENTER                                                                                     \
    "push {r4-r12, lr}\n"                                                                              \
    "vpush {d8-d15}\n"                                                                                 \
    "ldr r5, [sp, #104]\n"
#define ROWS_PATCH(q, offset) "vldrw.u32 " q ", [r0, #" offset "]\n"
#define ROWS_TWO_WORDS(q, offset)                                                                      \
    "ldrd r4, r6, [r0, #" offset "]\n"                                                                 \
    "vmov " q "[2], " q "[0], r4, r4\n"                                                                \
    "vmov " q "[3], " q "[1], r6, r6\n"
#define ROWS_LOOP                                                                                      \
    "dls lr, r2\n"                                                                                     \
    "1:\n"
#define ROWS_SET "vaddv.u8 "
#define ROWS_ADD "vaddva.u8 "
/* Look two vectors up, and add the ones of both to the mismatches of an output or of two. */
#define ROWS_TWO(q, add, sum, next_q, next_add, next_sum)                                              \
    "vldmia r1!, {d10-d13}\n"                                                                          \
    "veor q5, q5, " q "\n"                                                                             \
    "veor q6, q6, " next_q "\n"                                                                        \
    "vldrb.u8 q7, [r5, q5]\n"                                                                          \
    "vldrb.u8 q5, [r5, q6]\n" add sum ", q7\n" next_add next_sum ", q5\n"
/* Look a vector up: its ones are in q6. */
#define ROWS_ONES(q)                                                                                   \
    "vldrw.u32 q5, [r1], #16\n"                                                                        \
    "veor q5, q5, " q "\n"                                                                             \
    "vldrb.u8 q6, [r5, q5]\n"
#define ROWS_PACK                                                                                      \
    "pkhbt r4, r4, r6, lsl #16\n"                                                                      \
    "pkhbt r7, r8, r10, lsl #16\n"
#define ROWS_LEAVE                                                                                     \
    "strd r4, r7, [r3], #8\n"                                                                          \
    "le lr, 1b\n"                                                                                      \
    "vpop {d8-d15}\n"                                                                                  \
    "pop {r4-r12, pc}\n"

#endif
