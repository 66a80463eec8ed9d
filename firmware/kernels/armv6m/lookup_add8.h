/* Look-ups on Armv6-M, where most instructions use only r0 to r7 and there is no bit field extract.
 * This file has what the four add functions share, and the code for entries of 8 rows.
 *
 * Per output: take each field of the weight word, load its entry, add the entries two by two, add their
 * sum to the first sum and its high nibbles to the second, and at last add both to the sums in memory.
 *
 *   r0        0xF0F0F0F0, which selects the high nibbles
 *   r1 r2     the weight words
 *   r3        mask of a 6-bit field, shifted left to the bits of a byte offset
 *   r4-r7     entries; r7 also the address of a table
 *   r8-r11    sums of this call
 *   r12       address of the sums in memory
 *   lr        address of the weights
 *   stack     stride in bytes (sp), end of the sums (sp + 4), the tables of the first word's five
 *             fields (sp + 8 to sp + 24) and of the second word's (sp + 28 to sp + 44), then the
 *             caller's registers */
#ifndef SBNN_KERNELS_LOOKUP_ADD8_H
#define SBNN_KERNELS_LOOKUP_ADD8_H

#include "lookup_saved.h"

/* Entry with the arguments of the C signature. An entry has 2^up bytes, the sums of an output 2^sum_up,
 * 64 entries 2^table_up. A 7-bit field has 128 entries, hence the double steps between the table
 * addresses. */
#define LOOKUP_ENTER(up, sum_up, table_up)                                                             \
    LOOKUP_SAVE                                                                                        \
    "sub sp, #48\n"                                                                                    \
    "lsls r2, r2, #2\n"                                                                                \
    "str r2, [sp]\n"                                                                                   \
    "ldr r5, [sp, #84]\n" /* sums, the fifth argument: above 48 bytes and 9 saved registers */         \
    "lsls r3, r3, #" sum_up "\n"                                                                       \
    "adds r3, r3, r5\n"                                                                                \
    "str r3, [sp, #4]\n"                                                                               \
    "movs r4, #1\n"                                                                                    \
    "lsls r4, r4, #" table_up "\n"                                                                     \
    "str r0, [sp, #8]\n"                                                                               \
    "adds r0, r0, r4\n"                                                                                \
    "str r0, [sp, #12]\n"                                                                              \
    "adds r0, r0, r4\n"                                                                                \
    "str r0, [sp, #16]\n"                                                                              \
    "adds r0, r0, r4\n"                                                                                \
    "str r0, [sp, #20]\n"                                                                              \
    "adds r0, r0, r4\n"                                                                                \
    "adds r0, r0, r4\n"                                                                                \
    "str r0, [sp, #24]\n"                                                                              \
    "adds r0, r0, r4\n"                                                                                \
    "adds r0, r0, r4\n"                                                                                \
    "str r0, [sp, #28]\n"                                                                              \
    "adds r0, r0, r4\n"                                                                                \
    "str r0, [sp, #32]\n"                                                                              \
    "adds r0, r0, r4\n"                                                                                \
    "str r0, [sp, #36]\n"                                                                              \
    "adds r0, r0, r4\n"                                                                                \
    "str r0, [sp, #40]\n"                                                                              \
    "adds r0, r0, r4\n"                                                                                \
    "adds r0, r0, r4\n"                                                                                \
    "str r0, [sp, #44]\n"                                                                              \
    "ldr r0, =0xF0F0F0F0\n"                                                                            \
    "movs r3, #63\n"                                                                                   \
    "lsls r3, r3, #" up "\n"                                                                           \
    "mov r12, r5\n"                                                                                    \
    "mov lr, r1\n"                                                                                     \
    "1:\n"                                                                                             \
    "mov r2, lr\n"

/* Go to the next output. r7 is the end of this output's sums. */
#define LOOKUP_NEXT                                                                                    \
    "mov r12, r7\n"                                                                                    \
    "ldr r4, [sp]\n"                                                                                   \
    "add lr, lr, r4\n"                                                                                 \
    "ldr r4, [sp, #4]\n"                                                                               \
    "cmp r7, r4\n"                                                                                     \
    "bne 1b\n"                                                                                         \
    "add sp, #48\n" LOOKUP_RETURN

/* The byte offset of a field's entry, which has 2^up bytes. `down` is the field's first bit minus
 * `up`. */
#define LOOKUP_LOWEST(index, w, up)                                                                    \
    "lsls " index ", " w ", #" up "\n"                                                                 \
    "ands " index ", r3\n"
#define LOOKUP_SIX(index, w, down)                                                                     \
    "lsrs " index ", " w ", #" down "\n"                                                               \
    "ands " index ", r3\n"
#define LOOKUP_SEVEN(index, w, up)                                                                     \
    "lsls " index ", " w ", #7\n"                                                                      \
    "lsrs " index ", " index ", #25\n"                                                                 \
    "lsls " index ", " index ", #" up "\n"
#define LOOKUP_HIGHEST(index, w, up)                                                                   \
    "lsrs " index ", " w ", #25\n"                                                                     \
    "lsls " index ", " index ", #" up "\n"

/* Load the entry at a byte offset. `tables` is the stack offset of the address of the field's table. */
#define LOOKUP_LOAD(entry, tables)                                                                     \
    "ldr r7, [sp, #" tables "]\n"                                                                      \
    "ldr " entry ", [r7, " entry "]\n"

/* The fields of one word except the middle one (bits 12 to 17). It is left to the caller, which adds
 * the middle entries of two words before it sums them, so that every addition to the sums covers two
 * entries. */
#define LOOKUP_ENDS(w, t0, t1, t3, t4, first)                                                          \
    LOOKUP_LOWEST("r4", w, "2")                                                                        \
    LOOKUP_LOAD("r4", t0)                                                                              \
    LOOKUP_SIX("r5", w, "4")                                                                           \
    LOOKUP_LOAD("r5", t1)                                                                              \
    "adds r4, r4, r5\n" first LOOKUP_SEVEN("r4", w, "2") LOOKUP_LOAD("r4", t3)                         \
        LOOKUP_HIGHEST("r5", w, "2") LOOKUP_LOAD("r5", t4) "adds r4, r4, r5\n" LOOKUP_SUM

#define LOOKUP_SUM                                                                                     \
    "add r8, r8, r4\n"                                                                                 \
    "ands r4, r0\n"                                                                                    \
    "lsrs r4, r4, #4\n"                                                                                \
    "add r9, r9, r4\n"

/* The first sum of an output: set the sums instead of adding to them. */
#define LOOKUP_START                                                                                   \
    "mov r8, r4\n"                                                                                     \
    "ands r4, r0\n"                                                                                    \
    "lsrs r4, r4, #4\n"                                                                                \
    "mov r9, r4\n"

#define LOOKUP_STORE                                                                                   \
    "mov r7, r12\n"                                                                                    \
    "ldm r7!, {r4, r5}\n"                                                                              \
    "subs r7, r7, #8\n"                                                                                \
    "add r4, r4, r8\n"                                                                                 \
    "add r5, r5, r9\n"                                                                                 \
    "stm r7!, {r4, r5}\n"

#endif
