#include "mve.h"

/* r5 is the address of the patch's next bytes, r12 that of the sums, which are above eight saved
 * registers and eight double registers (96 bytes). Even registers are the only ones to which VMLADAVA
 * adds. */
__attribute__((naked)) void sbnn_mve_dots(__attribute__((unused)) const uint8_t *patch,
                                          __attribute__((unused)) const int8_t *w,
                                          __attribute__((unused)) uint32_t vectors,
                                          __attribute__((unused)) uint32_t fours,
                                          __attribute__((unused)) int32_t *sums) {
    __asm volatile("push {r4-r10, lr}\n"
                   "vpush {d8-d15}\n"
                   "ldr r12, [sp, #96]\n"
                   "1:\n"
                   "mov r5, r0\n"
                   "movs r4, #0\n"
                   "movs r6, #0\n"
                   "mov r8, #0\n"
                   "mov r10, #0\n"
                   "dls lr, r2\n"
                   "2:\n"
                   "vldrb.u8 q0, [r5], #16\n"
                   "vldmia r1!, {d8-d15}\n"
                   "vmladava.s8 r4, q0, q4\n"
                   "vmladava.s8 r6, q0, q5\n"
                   "vmladava.s8 r8, q0, q6\n"
                   "vmladava.s8 r10, q0, q7\n"
                   "le lr, 2b\n"
                   "stmia r12!, {r4, r6, r8, r10}\n"
                   "subs r3, r3, #1\n"
                   "bne 1b\n"
                   "vpop {d8-d15}\n"
                   "pop {r4-r10, pc}\n");
}
