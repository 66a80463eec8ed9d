#include "helium.h"
#include "helium_add.h"

/* One word of K: three groups of two look-ups, one from each half of the word. A is bits 0 to 4 of a
 * half, B bits 5 to 10, C bits 11 to 15; the shifts move them to the bits of a byte offset. Entries of
 * the two halves are 16 bytes apart, and C's tables begin 64 bytes after A's. */
__attribute__((naked)) void sbnn_helium_add_one(__attribute__((unused)) const uint8_t *tables,
                                                __attribute__((unused)) const uint32_t *w,
                                                __attribute__((unused)) uint32_t stride,
                                                __attribute__((unused)) uint32_t n,
                                                __attribute__((unused)) uint8_t *sums) {
    __asm volatile(ADD_ENTER "1:\n"
                             "ldr r9, [r1]\n"
                             "vldmia r3, {d0-d3}\n"
                             "add r1, r1, r2\n"
                             "and r11, r6, r9, lsl #7\n"
                             "and r12, r6, r9, lsr #4\n"
                             "uxtah r4, r0, r11\n"
                             "uxtah r11, r0, r11, ror #16\n"
                             "vldrw.u32 q2, [r4]\n"
                             "uxtah r4, r0, r12\n"
                             "vldrw.u32 q3, [r11, #16]\n"
                             "uxtah r12, r0, r12, ror #16\n"
                             "vadd.i8 q2, q2, q3\n" /* two A */
                             "vldrw.u32 q4, [r4, #64]\n"
                             "and r9, r7, r9, lsl #1\n"
                             "vadd.i8 q0, q0, q2\n"
                             "vldrw.u32 q5, [r12, #80]\n"
                             "vqdmlah.s8 q1, q2, r8\n"
                             "uxtah r4, r5, r9\n"
                             "vadd.i8 q4, q4, q5\n" /* two C */
                             "uxtah r9, r5, r9, ror #16\n"
                             "vldrw.u32 q2, [r4]\n"
                             "vadd.i8 q0, q0, q4\n"
                             "vldrw.u32 q3, [r9, #16]\n"
                             "vqdmlah.s8 q1, q4, r8\n"
                             "vadd.i8 q2, q2, q3\n" /* two B */
                             "vadd.i8 q0, q0, q2\n"
                             "vqdmlah.s8 q1, q2, r8\n"
                             "vstmia r3!, {d0-d3}\n"
                             "le lr, 1b\n" ADD_LEAVE);
}
