/* The functions that count mismatches (mve.h).
 *
 *   r0 r1    addresses of the patch and of the weights
 *   r3 r12   addresses of the sums and of the table of ones
 *   lr       groups left
 *   q0-q4    words of the patch, each in all lanes
 *   q5 q6    weights and their XOR, ones
 *   q7       the bytes of the group
 *
 * The fifth argument, ones, is above two saved registers and eight double registers (72 bytes). Between
 * a look-up and the addition of its result there are two other instructions, except after the last one.
 */
#ifndef SBNN_KERNELS_MVE_COUNT_H
#define SBNN_KERNELS_MVE_COUNT_H

#include "mve.h"

#define COUNT_ENTER                                                                                    \
    "push {r4, lr}\n"                                                                                  \
    "vpush {d8-d15}\n"                                                                                 \
    "ldr r12, [sp, #72]\n"
#define COUNT_COPY(q, offset)                                                                          \
    "ldr r4, [r0, #" offset "]\n"                                                                      \
    "vdup.32 " q ", r4\n"
#define COUNT_LOOP                                                                                     \
    "dls lr, r2\n"                                                                                     \
    "1:\n"
#define COUNT_XOR(q)                                                                                   \
    "vldrw.u32 q5, [r1], #16\n"                                                                        \
    "veor q5, q5, " q "\n"
#define COUNT_ADD "vadd.i8 q7, q7, q6\n"
#define COUNT_ONES "vldrb.u8 q6, [r12, q5]\n"
#define COUNT_SET COUNT_XOR("q0") "vldrb.u8 q7, [r12, q5]\n"
#define COUNT_MORE "vldrw.u32 q7, [r3]\n" COUNT_XOR("q0") COUNT_ONES
#define COUNT_NEXT(q) COUNT_XOR(q) COUNT_ADD COUNT_ONES
/* Add the four bytes of each lane: r4 is 0x01010101. */
#define COUNT_FACTOR                                                                                   \
    "movw r4, #0x0101\n"                                                                               \
    "movt r4, #0x0101\n"
#define COUNT_WHOLE                                                                                    \
    "vmul.i32 q7, q7, r4\n"                                                                            \
    "vshr.u32 q7, q7, #24\n"                                                                           \
    "vstrh.32 q7, [r3], #8\n" COUNT_END
#define COUNT_LEAVE "vstrw.32 q7, [r3], #16\n" COUNT_END
#define COUNT_END                                                                                      \
    "le lr, 1b\n"                                                                                      \
    "vpop {d8-d15}\n"                                                                                  \
    "pop {r4, pc}\n"

#define COUNT_FUNCTION(name, type, body)                                                               \
    __attribute__((naked)) void name(                                                                  \
        __attribute__((unused)) const uint32_t *patch, __attribute__((unused)) const uint32_t *w,      \
        __attribute__((unused)) uint32_t groups, __attribute__((unused)) type *found,                  \
        __attribute__((unused)) const uint8_t *ones) {                                                 \
        __asm volatile(body);                                                                          \
    }

#endif
