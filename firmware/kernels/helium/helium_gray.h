/* Builds the entries of a field of up to 6 bits in the order of a Gray code. Only one bit of the index
 * changes from an entry to the next, so each entry takes one addition and one store.
 *
 * r0 is the address of the current entry and q7 its value; q0, q1, ... are what changes when bit 0, 1,
 * ... of w becomes 1. A step is NEAR if its distance in bytes fits the offset of a store, else FAR. The
 * file that includes this one defines UP0, DOWN0, UP1, ...: bit 0, 1, ... becomes 1 or 0. */
#ifndef SBNN_KERNELS_HELIUM_GRAY_H
#define SBNN_KERNELS_HELIUM_GRAY_H

#define STORE "vstrw.32 q7, [r0]\n"
#define NEAR_UP(q, bytes) "vadd.i8 q7, q7, " q "\nvstrw.32 q7, [r0, #" bytes "]!\n"
#define NEAR_DOWN(q, bytes) "vsub.i8 q7, q7, " q "\nvstrw.32 q7, [r0, #-" bytes "]!\n"
#define FAR_UP(q, bytes) "vadd.i8 q7, q7, " q "\nadd r0, r0, #" bytes "\n" STORE
#define FAR_DOWN(q, bytes) "vsub.i8 q7, q7, " q "\nsub r0, r0, #" bytes "\n" STORE

/* GRAYn visits all entries of the lower n bits once, starting at entry 0; BACKn visits them in reverse
 * order. */
#define GRAY2 UP0 UP1 DOWN0
#define BACK2 UP0 DOWN1 DOWN0
#define GRAY3 GRAY2 UP2 BACK2
#define BACK3 GRAY2 DOWN2 BACK2
#define GRAY4 GRAY3 UP3 BACK3
#define BACK4 GRAY3 DOWN3 BACK3
#define GRAY5 GRAY4 UP4 BACK4
#define BACK5 GRAY4 DOWN4 BACK4
#define GRAY6 GRAY5 UP5 BACK5

/* r1 is the address of the columns, r2 the byte that is added to every entry. Entry 0 is the sum of all
 * columns: where w is 0, a column adds x. Where w is 1 it adds 1 - x instead, so a column's change is 1
 * - 2 x in both nibbles: x * -2 + 0x11. */
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
