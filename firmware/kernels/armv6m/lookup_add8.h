/* Look-ups on a core whose instructions reach eight registers and know no bit fields: what all four
 * functions that do them share, and an entry of 8 rows.
 *
 * r0 0xF0F0F0F0, r1 r2 the weights, r3 a field of 6 bits where an index has it, r4-r7 entries, r8-r11
 * sums of this call, r12 the sums in memory, lr the weights in memory. On the stack: stride in bytes,
 * end of the sums, the tables of the pair's five and five fields, then r8 to r11 and r4 and on. */
#ifndef SBNN_KERNELS_LOOKUP_ADD8_H
#define SBNN_KERNELS_LOOKUP_ADD8_H

#include "lookup_saved.h"

/* As the C signatures say; an entry has 2^up bytes, a sum 2^sum_up, 64 entries 2^table_up. */
#define LOOKUP_ENTER(up, sum_up, table_up)                                                             \
    LOOKUP_SAVE                                                                                        \
    "sub sp, #48\n"                                                                                    \
    "lsls r2, r2, #2\n"                                                                                \
    "str r2, [sp]\n"                                                                                   \
    "ldr r5, [sp, #84]\n" /* sums */                                                                   \
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

/* r7 the end of this output's sums. */
#define LOOKUP_NEXT                                                                                    \
    "mov r12, r7\n"                                                                                    \
    "ldr r4, [sp]\n"                                                                                   \
    "add lr, lr, r4\n"                                                                                 \
    "ldr r4, [sp, #4]\n"                                                                               \
    "cmp r7, r4\n"                                                                                     \
    "bne 1b\n"                                                                                         \
    "add sp, #48\n" LOOKUP_RETURN

/* The index of a field where an entry has 2^up bytes; `down` is the field's first bit less `up`. */
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

/* From an index to its entry; `tables` says where on the stack the field's are. */
#define LOOKUP_LOAD(entry, tables)                                                                     \
    "ldr r7, [sp, #" tables "]\n"                                                                      \
    "ldr " entry ", [r7, " entry "]\n"

/* The fields of one word but its middle one, which waits for another. */
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

/* The first sum of an output finds nothing to add to. */
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
