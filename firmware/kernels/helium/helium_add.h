/* What the functions that add look-ups share: entry, exit and registers.
 *
 *   r0 r5    tables of A and C, and of B
 *   r1 r2    address of the weights, and bytes between outputs
 *   r3       address of the sums
 *   r4 r9-r12   weights and addresses of entries
 *   r6       0x0F800F80: an index of 5 bits, times 128 bytes, in both halves
 *   r7       0x0FC00FC0: an index of 6 bits, times 64 bytes, in both halves
 *   r8       8: VQDMLAH doubles it, and keeps the upper half of byte * 16
 *   lr       outputs left; DLS and LE are Armv8.1-M's loop instructions
 *   q0 q1    the pair of sums
 *   q2-q5    entries and their groups
 *
 * The fifth argument, sums, is above ten saved registers and four double registers (72 bytes). */
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
