/* The rows of a channel in Thumb-2, from the last one down.
 *
 *   r0 r1     the counts of even and odd rows as bytes; r1 is the address of counts in halfwords
 *   r2 r3     addresses of the residual and the value of the even row of a pair; for bits r3 has the
 *             signs
 *   r4 r5 r6  base, factor, shift
 *   r7        rows
 *   r8 r9     bytes to the next row's residual and value
 *   r10       slope
 *   r11 r12   residual, value
 *   lr        4096 */
#ifndef SBNN_KERNELS_STREAM_ROWS_H
#define SBNN_KERNELS_STREAM_ROWS_H

#include "stream.h"

/* Load the channel; go to the code of its last row. The table has half the distances to it. */
#define STREAM_VALUES_ENTER                                                                            \
    "push {r4-r11, lr}\n"                                                                              \
    "ldm r0, {r2-r10, lr}\n"
#define STREAM_BITS_ENTER                                                                              \
    "push {r4-r8, lr}\n"                                                                               \
    "ldm r0, {r2-r8}\n"                                                                                \
    "movs r3, #0\n"
#define STREAM_BYTES                                                                                   \
    "ldrd r0, r1, [r1]\n"                                                                              \
    "sub r0, r0, r1, lsl #4\n"
#define STREAM_LAST_ROW                                                                                \
    "tbb [pc, r7]\n"                                                                                   \
    "10:\n"                                                                                            \
    ".byte 0, (11f - 10b) / 2, (12f - 10b) / 2, (13f - 10b) / 2, (14f - 10b) / 2\n"                    \
    ".byte (15f - 10b) / 2, (16f - 10b) / 2, (17f - 10b) / 2, (18f - 10b) / 2, 0\n"

/* The mismatches of a row, from bit `first` of a register of bytes or at a distance from r1. */
#define STREAM_BYTE(word, first) "uxtb r12, " word ", ror #" first "\n"
#define STREAM_HALF(at) "ldrh r12, [r1, #" at "]\n"

/* One row. `skip` and `over` are added to the addresses of the residual and of the value. */
#define STREAM_VALUE(mismatches, skip, over)                                                           \
    mismatches "ldrsh r11, [r2" skip "]\n"                                                             \
               "mls r12, r12, r5, r4\n"                                                                \
               "asr r12, r12, r6\n"                                                                    \
               "adds r12, r12, r11\n"                                                                  \
               "ssat r12, #16, r12\n"                                                                  \
               "ittt mi\n"                                                                             \
               "mlami r12, r12, r10, lr\n"                                                             \
               "asrmi r12, r12, #13\n"                                                                 \
               "ssatmi r12, #16, r12\n"                                                                \
               "strh r12, [r3" over "]\n"
#define STREAM_SIGN(mismatches, skip, bit)                                                             \
    mismatches "ldrsh lr, [r2" skip "]\n"                                                              \
               "mls r12, r12, r5, r4\n"                                                                \
               "lsl lr, lr, r6\n"                                                                      \
               "adds r12, r12, lr\n"                                                                   \
               "it mi\n"                                                                               \
               "orrmi r3, r3, #" bit "\n"

/* A pair of rows: the odd one, then the even one. */
#define STREAM_VALUE_PAIR(odd_label, odd, even_label, even)                                            \
    odd_label ":\n" STREAM_VALUE(odd, ", r8", ", r9") even_label ":\n" STREAM_VALUE(even, "", "")
#define STREAM_SIGN_PAIR(odd_label, odd, odd_bit, even_label, even, even_bit)                          \
    odd_label ":\n" STREAM_SIGN(odd, ", r8", odd_bit) even_label ":\n" STREAM_SIGN(even, "", even_bit)
#define STREAM_DOWN "sub r2, r2, r8, lsl #1\n"
#define STREAM_BOTH_DOWN STREAM_DOWN "sub r3, r3, r9, lsl #1\n"

#define STREAM_VALUES(o7, e6, o5, e4, o3, e2, o1, e0)                                                  \
    STREAM_LAST_ROW STREAM_VALUE_PAIR("18", o7, "17", e6)                                              \
    STREAM_BOTH_DOWN STREAM_VALUE_PAIR("16", o5, "15", e4)                                             \
    STREAM_BOTH_DOWN STREAM_VALUE_PAIR("14", o3, "13", e2)                                             \
    STREAM_BOTH_DOWN STREAM_VALUE_PAIR("12", o1, "11", e0) "pop {r4-r11, pc}\n"
#define STREAM_BITS(o7, e6, o5, e4, o3, e2, o1, e0)                                                    \
    STREAM_LAST_ROW STREAM_SIGN_PAIR("18", o7, "128", "17", e6, "64")                                  \
        STREAM_DOWN STREAM_SIGN_PAIR("16", o5, "32", "15", e4, "16")                                   \
            STREAM_DOWN STREAM_SIGN_PAIR("14", o3, "8", "13", e2, "4")                                 \
                STREAM_DOWN STREAM_SIGN_PAIR("12", o1, "2", "11", e0, "1") "mov r0, r3\n"              \
                                                                           "pop {r4-r8, pc}\n"

#define STREAM_ALL_BYTES                                                                               \
    STREAM_BYTE("r1", "24"), STREAM_BYTE("r0", "24"), STREAM_BYTE("r1", "16"),                         \
        STREAM_BYTE("r0", "16"), STREAM_BYTE("r1", "8"), STREAM_BYTE("r0", "8"),                       \
        STREAM_BYTE("r1", "0"), STREAM_BYTE("r0", "0")
#define STREAM_ALL_HALVES                                                                              \
    STREAM_HALF("14"), STREAM_HALF("6"), STREAM_HALF("10"), STREAM_HALF("2"), STREAM_HALF("12"),       \
        STREAM_HALF("4"), STREAM_HALF("8"), STREAM_HALF("0")

/* The macros above with lists of arguments that are macros themselves. */
#define STREAM_EACH(make, each) make(each)

#endif
