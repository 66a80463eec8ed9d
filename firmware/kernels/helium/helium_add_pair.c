#include "helium.h"
#include "helium_add.h"

/* Two words of K: twelve look-ups in five groups (helium.h). The fields are shifted as in
 * helium_add_one.c. The tables of the four halves are 16 bytes apart, and C's begin 64 bytes after A's.
 * The instructions are ordered so that none waits for the result of the one before it. */
__attribute__((naked)) void sbnn_helium_add_pair(__attribute__((unused)) const uint8_t *tables,
                                                 __attribute__((unused)) const uint32_t *w,
                                                 __attribute__((unused)) uint32_t stride,
                                                 __attribute__((unused)) uint32_t n,
                                                 __attribute__((unused)) uint8_t *sums) {
    __asm volatile(ADD_ENTER "1:\n"
                             "ldrd r9, r10, [r1]\n"
                             "vldmia r3, {d0-d3}\n"
                             "add r1, r1, r2\n"
                             "and r11, r6, r9, lsl #7\n"
                             "and r12, r6, r10, lsl #7\n"
                             "uxtah r4, r0, r11\n"
                             "uxtah r11, r0, r11, ror #16\n"
                             "vldrw.u32 q2, [r4]\n"
                             "uxtah r4, r0, r12\n"
                             "vldrw.u32 q3, [r11, #16]\n"
                             "uxtah r12, r0, r12, ror #16\n"
                             "vadd.i8 q2, q2, q3\n"
                             "vldrw.u32 q4, [r4, #32]\n"
                             "and r11, r6, r9, lsr #4\n"
                             "vadd.i8 q2, q2, q4\n" /* three A */
                             "vldrw.u32 q5, [r12, #48]\n"
                             "uxtah r4, r0, r11\n"
                             "vadd.i8 q0, q0, q2\n"
                             "uxtah r11, r0, r11, ror #16\n"
                             "and r12, r6, r10, lsr #4\n"
                             "vqdmlah.s8 q1, q2, r8\n"
                             "vldrw.u32 q2, [r4, #64]\n"
                             "uxtah r4, r0, r12\n"
                             "vldrw.u32 q3, [r11, #80]\n"
                             "uxtah r12, r0, r12, ror #16\n"
                             "vadd.i8 q2, q2, q3\n"
                             "vldrw.u32 q4, [r4, #96]\n"
                             "and r9, r7, r9, lsl #1\n"
                             "vadd.i8 q2, q2, q4\n" /* three C */
                             "vldrw.u32 q3, [r12, #112]\n"
                             "uxtah r11, r5, r9\n"
                             "vadd.i8 q5, q5, q3\n" /* an A and a C */
                             "vadd.i8 q0, q0, q2\n"
                             "uxtah r9, r5, r9, ror #16\n"
                             "vqdmlah.s8 q1, q2, r8\n"
                             "vldrw.u32 q2, [r11]\n"
                             "and r10, r7, r10, lsl #1\n"
                             "vadd.i8 q0, q0, q5\n"
                             "vldrw.u32 q3, [r9, #16]\n"
                             "vqdmlah.s8 q1, q5, r8\n"
                             "uxtah r4, r5, r10\n"
                             "vadd.i8 q2, q2, q3\n" /* two B */
                             "uxtah r10, r5, r10, ror #16\n"
                             "vldrw.u32 q4, [r4, #32]\n"
                             "vadd.i8 q0, q0, q2\n"
                             "vldrw.u32 q3, [r10, #48]\n"
                             "vqdmlah.s8 q1, q2, r8\n"
                             "vadd.i8 q4, q4, q3\n" /* two B */
                             "vadd.i8 q0, q0, q4\n"
                             "vqdmlah.s8 q1, q4, r8\n"
                             "vstmia r3!, {d0-d3}\n"
                             "le lr, 1b\n" ADD_LEAVE);
}
