/* The entries of a field of up to 6 bits, in the order of a Gray code: an addition and a store each.
 *
 * q7 is the entry at r0, q0, q1, ... what bits 0, 1, ... of w change. A bit's step is NEAR or FAR, as
 * its bytes fit a store's offset or not; the file that includes this one defines UP0, DOWN0, UP1, ...
 */
#ifndef SBNN_KERNELS_HELIUM_GRAY_H
#define SBNN_KERNELS_HELIUM_GRAY_H

#define STORE "vstrw.32 q7, [r0]\n"
#define NEAR_UP(q, bytes) "vadd.i8 q7, q7, " q "\nvstrw.32 q7, [r0, #" bytes "]!\n"
#define NEAR_DOWN(q, bytes) "vsub.i8 q7, q7, " q "\nvstrw.32 q7, [r0, #-" bytes "]!\n"
#define FAR_UP(q, bytes) "vadd.i8 q7, q7, " q "\nadd r0, r0, #" bytes "\n" STORE
#define FAR_DOWN(q, bytes) "vsub.i8 q7, q7, " q "\nsub r0, r0, #" bytes "\n" STORE

/* From entry 0 to the last of the code, and back. */
#define GRAY2 UP0 UP1 DOWN0
#define BACK2 UP0 DOWN1 DOWN0
#define GRAY3 GRAY2 UP2 BACK2
#define BACK3 GRAY2 DOWN2 BACK2
#define GRAY4 GRAY3 UP3 BACK3
#define BACK4 GRAY3 DOWN3 BACK3
#define GRAY5 GRAY4 UP4 BACK4
#define BACK5 GRAY4 DOWN4 BACK4
#define GRAY6 GRAY5 UP5 BACK5

/* r1 columns, r2 what entry 0 has more: a column adds x where w is 0, and 1 - x where it is 1. */
#define ENTER                                                                                          \
    "vpush {d8-d15}\n"                                                                                 \
    "vdup.8 q7, r2\n"                                                                                  \
    "mvn r2, #1\n"                                                                                     \
    "mov r3, #0x11\n"                                                                                  \
    "vdup.8 q6, r2\n"
#define COLUMN(q)                                                                                      \
    "vldrw.u32 " q ", [r1], #16\n"                                                                     \
    "vadd.i8 q7, q7, " q "\n"                                                                          \
    "vmlas.s8 " q ", q6, r3\n"
#define LEAVE                                                                                          \
    "vpop {d8-d15}\n"                                                                                  \
    "bx lr\n"

#endif
