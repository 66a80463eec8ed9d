/* Look-ups of 16 rows. An entry has two words: r4 or r6 holds rows 0 to 7, r5 or r7 rows 8 to 15. r8
 * and r9 are the pair of sums of rows 0 to 7, r10 and r11 that of rows 8 to 15. Everything else is as
 * in lookup_add8.h. */
#ifndef SBNN_KERNELS_LOOKUP_ADD16_H
#define SBNN_KERNELS_LOOKUP_ADD16_H

#include "lookup_add8.h"

#define LOOKUP_LOAD_TWO(low, high, tables)                                                             \
    "ldr " high ", [sp, #" tables "]\n"                                                                \
    "adds " low ", " low ", " high "\n"                                                                \
    "ldm " low ", {" low ", " high "}\n"

#define LOOKUP_BOTH                                                                                    \
    "adds r4, r4, r6\n"                                                                                \
    "adds r5, r5, r7\n"

#define LOOKUP_ENDS_TWO(w, t0, t1, t3, t4, first)                                                      \
    LOOKUP_LOWEST("r4", w, "3")                                                                        \
    LOOKUP_LOAD_TWO("r4", "r5", t0)                                                                    \
    LOOKUP_SIX("r6", w, "3")                                                                           \
    LOOKUP_LOAD_TWO("r6", "r7", t1)                                                                    \
    LOOKUP_BOTH first LOOKUP_SEVEN("r4", w, "3") LOOKUP_LOAD_TWO("r4", "r5", t3)                       \
        LOOKUP_HIGHEST("r6", w, "3") LOOKUP_LOAD_TWO("r6", "r7", t4) LOOKUP_BOTH LOOKUP_SUM_TWO

#define LOOKUP_SUM_TWO                                                                                 \
    LOOKUP_SUM                                                                                         \
    "add r10, r10, r5\n"                                                                               \
    "ands r5, r0\n"                                                                                    \
    "lsrs r5, r5, #4\n"                                                                                \
    "add r11, r11, r5\n"

#define LOOKUP_START_TWO                                                                               \
    LOOKUP_START                                                                                       \
    "mov r10, r5\n"                                                                                    \
    "ands r5, r0\n"                                                                                    \
    "lsrs r5, r5, #4\n"                                                                                \
    "mov r11, r5\n"

#define LOOKUP_STORE_TWO                                                                               \
    "mov r7, r12\n"                                                                                    \
    "ldm r7!, {r1, r2, r4, r5}\n"                                                                      \
    "subs r7, r7, #16\n"                                                                               \
    "add r1, r1, r8\n"                                                                                 \
    "add r2, r2, r9\n"                                                                                 \
    "add r4, r4, r10\n"                                                                                \
    "add r5, r5, r11\n"                                                                                \
    "stm r7!, {r1, r2, r4, r5}\n"

#endif
