/* The rows of a channel on Armv6-M, from the last one down.
 *
 *   r0        shift
 *   r1        address of the counts, as bytes or halfwords
 *   r2 r3     addresses of the residual and the value of the even row of a pair; for bits r3 has the
 *             signs, which enter at bit 0
 *   r4 r5     base, factor
 *   r6 r7     value, other numbers
 *   r12 lr    bytes to the residual and the value of the pair below; for bits lr has those to the next
 *             row's residual
 *   stack     for values: bytes to the next row's residual (sp) and value (sp + 4), slope (sp + 8),
 *             4096 (sp + 12) */
#ifndef SBNN_KERNELS_STREAM_ROWS_H
#define SBNN_KERNELS_STREAM_ROWS_H

#include "stream.h"

/* Load the channel. r7 has its rows. */
#define STREAM_VALUES_ENTER(prepare)                                                                   \
    ".syntax unified\n"                                                                                \
    "push {r4-r7, lr}\n" prepare "adds r0, #32\n"                                                      \
    "ldm r0!, {r4-r7}\n"                                                                               \
    "push {r4-r7}\n"                                                                                   \
    "subs r0, #48\n"                                                                                   \
    "ldm r0!, {r2-r7}\n"                                                                               \
    "mov r12, r6\n"                                                                                    \
    "mov lr, r7\n"                                                                                     \
    "ldm r0!, {r6, r7}\n"                                                                              \
    "mov r0, r6\n"
#define STREAM_BITS_ENTER(prepare)                                                                     \
    ".syntax unified\n"                                                                                \
    "push {r4-r7, lr}\n" prepare "ldm r0!, {r2-r7}\n"                                                  \
    "mov r12, r6\n"                                                                                    \
    "ldm r0!, {r6, r7}\n"                                                                              \
    "ldr r0, [r0]\n"                                                                                   \
    "mov lr, r0\n"                                                                                     \
    "mov r0, r6\n"                                                                                     \
    "movs r3, #0\n"

/* Make bytes of a pair of sums: the counts of even rows are the first sum minus 16 times the second. */
#define STREAM_BYTES                                                                                   \
    "ldr r4, [r1]\n"                                                                                   \
    "ldr r5, [r1, #4]\n"                                                                               \
    "lsls r5, r5, #4\n"                                                                                \
    "subs r4, r4, r5\n"                                                                                \
    "str r4, [r1]\n"

/* Go to the code of the last row. The table has the distances to it. */
#define STREAM_LAST_ROW                                                                                \
    "lsls r7, r7, #1\n"                                                                                \
    "adr r6, 10f\n"                                                                                    \
    "ldrh r6, [r6, r7]\n"                                                                              \
    "add pc, r6\n"                                                                                     \
    "9:\n"                                                                                             \
    ".align 2\n"                                                                                       \
    "10:\n"                                                                                            \
    ".short 0, 11f - 9b - 2, 12f - 9b - 2, 13f - 9b - 2, 14f - 9b - 2\n"                               \
    ".short 15f - 9b - 2, 16f - 9b - 2, 17f - 9b - 2, 18f - 9b - 2\n"

#define STREAM_BYTE(at) "ldrb r6, [r1, #" at "]\n"
#define STREAM_HALF(at) "ldrh r6, [r1, #" at "]\n"

/* One row: label 2 is for a negative value, 4 for one of int16, 3 for the end. */
#define STREAM_VALUE(mismatches, skip, store)                                                          \
    mismatches "muls r6, r5, r6\n"                                                                     \
               "subs r6, r4, r6\n"                                                                     \
               "asrs r6, r6, r0\n" skip "ldrsh r7, [r2, r7]\n"                                         \
               "adds r6, r6, r7\n"                                                                     \
               "bmi 2f\n"                                                                              \
               "lsrs r7, r6, #15\n"                                                                    \
               "beq 3f\n" STREAM_MOST "mov r6, r7\n"                                                   \
               "b 3f\n"                                                                                \
               "2:\n"                                                                                  \
               "asrs r7, r6, #15\n"                                                                    \
               "adds r7, #1\n"                                                                         \
               "beq 4f\n" STREAM_MOST "mvns r6, r7\n"                                                  \
               "4:\n"                                                                                  \
               "ldr r7, [sp, #8]\n"                                                                    \
               "muls r6, r7, r6\n"                                                                     \
               "ldr r7, [sp, #12]\n"                                                                   \
               "adds r6, r6, r7\n"                                                                     \
               "asrs r6, r6, #13\n"                                                                    \
               "sxth r7, r6\n"                                                                         \
               "cmp r7, r6\n"                                                                          \
               "beq 3f\n"                                                                              \
               "asrs r6, r6, #31\n" STREAM_MOST "eors r6, r7\n"                                        \
               "3:\n" store
/* 32767, without a literal pool. */
#define STREAM_MOST                                                                                    \
    "movs r7, #1\n"                                                                                    \
    "lsls r7, r7, #15\n"                                                                               \
    "subs r7, #1\n"
#define STREAM_SIGN(mismatches, skip)                                                                  \
    mismatches "muls r6, r5, r6\n"                                                                     \
               "subs r6, r4, r6\n" skip "ldrsh r7, [r2, r7]\n"                                         \
               "lsls r7, r7, r0\n"                                                                     \
               "adds r6, r6, r7\n"                                                                     \
               "adds r6, r6, r6\n"                                                                     \
               "adcs r3, r3\n"

/* A pair of rows: the odd one, then the even one. */
#define STREAM_VALUE_PAIR(odd_label, odd, even_label, even)                                            \
    odd_label ":\n" STREAM_VALUE(odd, "ldr r7, [sp]\n",                                                \
                                 "ldr r7, [sp, #4]\n"                                                  \
                                 "strh r6, [r3, r7]\n") even_label                                     \
        ":\n" STREAM_VALUE(even, "movs r7, #0\n", "strh r6, [r3]\n")
#define STREAM_SIGN_PAIR(odd_label, odd, even_label, even)                                             \
    odd_label ":\n" STREAM_SIGN(odd, "mov r7, lr\n") even_label ":\n" STREAM_SIGN(even, "movs r7, "    \
                                                                                        "#0\n")
#define STREAM_DOWN "add r2, r2, r12\n"
#define STREAM_BOTH_DOWN STREAM_DOWN "add r3, r3, lr\n"

#define STREAM_VALUES(o7, e6, o5, e4, o3, e2, o1, e0)                                                  \
    STREAM_LAST_ROW STREAM_VALUE_PAIR("18", o7, "17", e6)                                              \
    STREAM_BOTH_DOWN STREAM_VALUE_PAIR("16", o5, "15", e4)                                             \
    STREAM_BOTH_DOWN STREAM_VALUE_PAIR("14", o3, "13", e2)                                             \
    STREAM_BOTH_DOWN STREAM_VALUE_PAIR("12", o1, "11", e0) "add sp, #16\n"                             \
                                                           "pop {r4-r7, pc}\n"
#define STREAM_BITS(o7, e6, o5, e4, o3, e2, o1, e0)                                                    \
    STREAM_LAST_ROW STREAM_SIGN_PAIR("18", o7, "17", e6)                                               \
    STREAM_DOWN STREAM_SIGN_PAIR("16", o5, "15", e4)                                                   \
    STREAM_DOWN STREAM_SIGN_PAIR("14", o3, "13", e2)                                                   \
    STREAM_DOWN STREAM_SIGN_PAIR("12", o1, "11", e0) "mov r0, r3\n"                                    \
                                                     "pop {r4-r7, pc}\n"

#define STREAM_ALL_BYTES                                                                               \
    STREAM_BYTE("7"), STREAM_BYTE("3"), STREAM_BYTE("6"), STREAM_BYTE("2"), STREAM_BYTE("5"),          \
        STREAM_BYTE("1"), STREAM_BYTE("4"), STREAM_BYTE("0")
#define STREAM_ALL_HALVES                                                                              \
    STREAM_HALF("14"), STREAM_HALF("6"), STREAM_HALF("10"), STREAM_HALF("2"), STREAM_HALF("12"),       \
        STREAM_HALF("4"), STREAM_HALF("8"), STREAM_HALF("0")

/* The macros above with lists of arguments that are macros themselves. */
#define STREAM_EACH(make, each) make(each)

#endif
