/* The functions that count mismatches (mve.h).
 *
 *   r0 r1    addresses of the patch and of the weights
 *   r3 r12   addresses of the sums and of the table of ones
 *   lr       groups left
 *   q0-q4    words of the patch, each in all lanes
 *   q5 q6    weights and their XOR, ones
 *   q7       the bytes of the group
 *
 * Where registers are left, VLDM loads several vectors of weights as one instruction; the chip takes as
 * long as for so many loads. `groups` is a multiple of 4, so that two or four groups may be a step.
 *
 * The fifth argument, ones, is above two saved registers and eight double registers (72 bytes).
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
#define COUNT_LOOP_OF_TWO "lsrs r2, r2, #1\n" COUNT_LOOP
#define COUNT_LOOP_OF_FOUR "lsrs r2, r2, #2\n" COUNT_LOOP
#define COUNT_XOR(q)                                                                                   \
    "vldrw.u32 q5, [r1], #16\n"                                                                        \
    "veor q5, q5, " q "\n"
#define COUNT_ADD "vadd.i8 q7, q7, q6\n"
#define COUNT_ONES "vldrb.u8 q6, [r12, q5]\n"
/* Look one word up after another: each is added while the next is looked up. */
#define COUNT_NEXT(q) COUNT_XOR(q) COUNT_ADD COUNT_ONES
#define COUNT_MORE "vldrw.u32 q7, [r3]\n"
/* The ones of two words: in `ones` and q5. */
#define COUNT_TWO(q, next, ones)                                                                       \
    "vldmia r1!, {d10-d13}\n"                                                                          \
    "veor q5, q5, " q "\n"                                                                             \
    "veor q6, q6, " next "\n"                                                                          \
    "vldrb.u8 " ones ", [r12, q5]\n"                                                                   \
    "vldrb.u8 q5, [r12, q6]\n"
#define COUNT_SET_TWO COUNT_TWO("q0", "q1", "q7") "vadd.i8 q7, q7, q5\n"
#define COUNT_ADD_TWO(q, next)                                                                         \
    COUNT_TWO(q, next, "q4")                                                                           \
    "vadd.i8 q7, q7, q4\n"                                                                             \
    "vadd.i8 q7, q7, q5\n"
/* The XOR of three words. */
#define COUNT_THREE                                                                                    \
    "vldmia r1!, {d6-d11}\n"                                                                           \
    "veor q3, q3, q0\n"                                                                                \
    "veor q4, q4, q1\n"                                                                                \
    "veor q5, q5, q2\n"
/* Add the four bytes of each lane: r4 is 0x01010101. */
#define COUNT_FACTOR                                                                                   \
    "movw r4, #0x0101\n"                                                                               \
    "movt r4, #0x0101\n"
#define COUNT_STORE(q)                                                                                 \
    "vmul.i32 " q ", " q ", r4\n"                                                                      \
    "vshr.u32 " q ", " q ", #24\n"                                                                     \
    "vstrh.32 " q ", [r3], #8\n"
#define COUNT_WHOLE COUNT_STORE("q7") COUNT_END
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
