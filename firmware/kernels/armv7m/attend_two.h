/* Two words of K at once: five sums of entries instead of six. */
#ifndef SBNN_KERNELS_ATTEND_TWO_H
#define SBNN_KERNELS_ATTEND_TWO_H

#include "attend_add.h"

/* The tables of the second word are 2048 bytes after those of the first: r0 goes there and back. */
#define ATTEND_OTHER(sign) sign " r0, r0, #2048\n"

/* What remains of both words after the first 15 bits of the first: bits 15 to 19 of it with 10 bits of
 * the second, twice two fields of 6 bits, and two of 5 bits. */
#define ATTEND_BOTH                                                                                    \
    ATTEND_TWO("r4", "r5", "r0", "20", "6", "256", "26", "6", "768")                                   \
    ATTEND_SUM ATTEND_SINGLE("r0", "15", "5", "0") "ldr lr, [r1, #4]\n" ATTEND_OTHER("add")            \
        ATTEND_THIRD("r4", "r5", "r0", "0", "5", "-768")                                               \
            ATTEND_THIRD("r4", "r5", "r0", "5", "5", "-512")                                           \
                ATTEND_SUM ATTEND_TWO("r4", "r5", "r0", "10", "5", "-256", "15", "5", "0")             \
                    ATTEND_SUM ATTEND_TWO("r4", "r5", "r0", "20", "6", "256", "26", "6", "768")        \
                        ATTEND_SUM ATTEND_OTHER("sub")

#endif
