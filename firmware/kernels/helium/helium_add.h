/* Registers of the functions that add look-ups: r0 tables A and C, r5 B, r1 w, r2 its step, r3 sums, r6
 * and r7 masks of 5 and 6 bits in both halves, r8 16 / 2, lr the outputs that are left; q0 and q1 the
 * sums. */
#ifndef SBNN_KERNELS_HELIUM_ADD_H
#define SBNN_KERNELS_HELIUM_ADD_H

#define ADD_ENTER                                                                                      \
    "push {r4-r12, lr}\n"                                                                              \
    "vpush {d8-d11}\n"                                                                                 \
    "lsl r2, r2, #2\n"                                                                                 \
    "add r5, r0, #4096\n"                                                                              \
    "movw r6, #0x0F80\n"                                                                               \
    "movt r6, #0x0F80\n"                                                                               \
    "movw r7, #0x0FC0\n"                                                                               \
    "movt r7, #0x0FC0\n"                                                                               \
    "mov r8, #8\n"                                                                                     \
    "dls lr, r3\n"                                                                                     \
    "ldr r3, [sp, #72]\n"
#define ADD_LEAVE                                                                                      \
    "vpop {d8-d11}\n"                                                                                  \
    "pop {r4-r12, pc}\n"

#endif
