/* What the functions that count mismatches share (byrow.h).
 *
 *   r0 r1    addresses of the row and of the weights
 *   r3 r5    addresses of the bytes of outputs and of the counts
 *   r4       0x01010101: a product with it has the sum of the four bytes of a lane in the upper one
 *   r12      address of the table of ones
 *   lr       groups left
 *
 * Of four vectors, VSRI moves the upper bytes into one. The fifth argument, ones, is above four saved
 * registers and eight double registers (80 bytes). */
#ifndef SBNN_KERNELS_BYROW_PASS_H
#define SBNN_KERNELS_BYROW_PASS_H

#include "byrow.h"

#define PASS_ENTER                                                                                     \
    "push {r4-r6, lr}\n"                                                                               \
    "vpush {d8-d15}\n"                                                                                 \
    "ldr r12, [sp, #80]\n"                                                                             \
    "movw r4, #0x0101\n"                                                                               \
    "movt r4, #0x0101\n"                                                                               \
    "mov r5, r3\n"
#define PASS_COPY(q, offset)                                                                           \
    "ldr r6, [r0, #" offset "]\n"                                                                      \
    "vdup.32 " q ", r6\n"
#define PASS_LOOP                                                                                      \
    "dls lr, r2\n"                                                                                     \
    "1:\n"
#define PASS_LEAVE                                                                                     \
    "le lr, 1b\n"                                                                                      \
    "vpop {d8-d15}\n"                                                                                  \
    "pop {r4-r6, pc}\n"

#define PASS_XOR(w, x) "veor " w ", " w ", " x "\n"
#define PASS_ONES(to, w) "vldrb.u8 " to ", [r12, " w "]\n"
#define PASS_ADD(to, from) "vadd.i8 " to ", " to ", " from "\n"
#define PASS_SUM(to) "vmul.i32 " to ", " to ", r4\n"
#define PASS_JOIN(to, from) "vsri.32 " to ", " from ", #8\n"
#define PASS_STORE(from) "vstrb.8 " from ", [r5], #16\n"
/* The bytes of two vectors of outputs, from the words before. */
#define PASS_BEFORE(d, first, second, to, next)                                                        \
    "vldmia r3!, {" d "}\n" PASS_ADD(to, first) PASS_ADD(next, second)

/* One word is in q0, and its weights of 16 outputs go to q1 to q4. */
#define PASS_FOUR                                                                                      \
    "vldmia r1!, {d2-d9}\n" PASS_XOR("q1", "q0") PASS_XOR("q2", "q0") PASS_XOR("q3", "q0")             \
        PASS_XOR("q4", "q0") PASS_ONES("q5", "q1") PASS_ONES("q6", "q2") PASS_ONES("q7", "q3")         \
            PASS_ONES("q1", "q4")
#define PASS_FOUR_END                                                                                  \
    PASS_SUM("q5")                                                                                     \
    PASS_SUM("q6")                                                                                     \
    PASS_SUM("q7")                                                                                     \
    PASS_SUM("q1") PASS_JOIN("q6", "q5") PASS_JOIN("q7", "q6") PASS_JOIN("q1", "q7") PASS_STORE("q1")

/* Two words are in q0 and q1, and their weights of eight outputs go to q2 to q5. The bytes of the first
 * four outputs are then in q6, those of the others in `to`. */
#define PASS_TWO(to)                                                                                   \
    "vldmia r1!, {d4-d11}\n" PASS_XOR("q2", "q0") PASS_XOR("q3", "q1") PASS_XOR("q4", "q0")            \
        PASS_XOR("q5", "q1") PASS_ONES("q6", "q2") PASS_ONES("q2", "q3") PASS_ONES("q3", "q4")         \
            PASS_ONES("q4", "q5") PASS_ADD("q6", "q2") "vadd.i8 " to ", q3, q4\n"
#define PASS_TWO_HALF PASS_SUM("q6") PASS_SUM("q7") PASS_JOIN("q7", "q6")
#define PASS_TWO_END                                                                                   \
    PASS_SUM("q6") PASS_SUM("q3") PASS_JOIN("q6", "q7") PASS_JOIN("q3", "q6") PASS_STORE("q3")

/* Words 0 to 2 of a row are in q0 to q2, and their weights go to q3 to q5. */
#define PASS_THREE_WORDS PASS_COPY("q0", "0") PASS_COPY("q1", "4") PASS_COPY("q2", "8")
#define PASS_THREE(to)                                                                                 \
    "vldmia r1!, {d6-d11}\n" PASS_XOR("q3", "q0") PASS_XOR("q4", "q1") PASS_XOR("q5", "q2")            \
        PASS_ONES(to, "q3") PASS_ONES("q3", "q4") PASS_ONES("q4", "q5") PASS_ADD(to, "q3")             \
            PASS_ADD(to, "q4")

#define PASS_FUNCTION(name, body)                                                                      \
    __attribute__((naked)) void name(                                                                  \
        __attribute__((unused)) const uint32_t *x, __attribute__((unused)) const uint32_t *w,          \
        __attribute__((unused)) uint32_t groups, __attribute__((unused)) uint8_t *counts,              \
        __attribute__((unused)) const uint8_t *ones) {                                                 \
        __asm volatile(PASS_ENTER body PASS_LEAVE);                                                    \
    }

#endif
