#include "stream_lanes.h"

/* The entries of a word in an order in which one bit changes at a time: 0, 1, 3, 2, 6, 7, 5, 4, and
 * with bit 3 back from 12. Where bit k is set the difference of its weights is added, where it is
 * cleared it is taken off.
 *
 *   r0 r1   weights of the field, its tables; r1 has 128 more for the second eight entries
 *   r2      ones
 *   r3      the entry
 *   r4-r7   weights of the four bits, their differences
 *   lr      end of the tables */
#define WEIGHTS(bit, at, shift) "ldr " bit ", [r0, #" at "]\n" shift(bit) "ands " bit ", r2\n"
#define SHIFT0(bit)
#define SHIFT1(bit) "lsrs " bit ", " bit ", #1\n"
#define SHIFT2(bit) "lsrs " bit ", " bit ", #2\n"
#define SHIFT3(bit) "lsrs " bit ", " bit ", #3\n"
#define DIFFERENCE(bit)                                                                                \
    "lsls " bit ", " bit ", #1\n"                                                                      \
    "subs " bit ", r2, " bit "\n"
#define STORE(at) "str r3, [r1, #" at "]\n"
#define SET(bit, at) "adds r3, r3, " bit "\n" STORE(at)
#define CLEAR(bit, at) "subs r3, r3, " bit "\n" STORE(at)
#define WORD(shift, a0, a1, a2, a3, a4, a5, a6, a7)                                                    \
    WEIGHTS("r4", "0", shift)                                                                          \
    WEIGHTS("r5", "4", shift)                                                                          \
    WEIGHTS("r6", "8", shift)                                                                          \
    WEIGHTS("r7", "12", shift)                                                                         \
    "adds r3, r4, r5\n"                                                                                \
    "adds r3, r3, r6\n"                                                                                \
    "adds r3, r3, r7\n" DIFFERENCE("r4") DIFFERENCE("r5") DIFFERENCE("r6") DIFFERENCE("r7") STORE(a0)  \
        SET("r4", a1) SET("r5", a3) CLEAR("r4", a2) SET("r6", a6) SET("r4", a7) CLEAR("r5", a5)        \
            CLEAR("r4", a4) "adds r1, #128\n" SET("r7", a4) SET("r4", a5) SET("r5", a7)                \
                CLEAR("r4", a6) CLEAR("r6", a2) SET("r4", a3) CLEAR("r5", a1)                          \
                    CLEAR("r4", a0) "subs r1, #128\n"

__attribute__((naked)) void sbnn_lanes_tables(__attribute__((unused)) const uint32_t *w,
                                              __attribute__((unused)) uint32_t *tables) {
    __asm volatile(".syntax unified\n"
                   "push {r4-r7, lr}\n"
                   "movs r2, #8\n"
                   "lsls r2, r2, #8\n"
                   "adds r2, r2, r1\n"
                   "mov lr, r2\n"
                   "ldr r2, =0x11111111\n"
                   "1:\n"                                                         /**/
                   WORD(SHIFT0, "0", "16", "32", "48", "64", "80", "96", "112")   /**/
                   WORD(SHIFT1, "4", "20", "36", "52", "68", "84", "100", "116")  /**/
                   WORD(SHIFT2, "8", "24", "40", "56", "72", "88", "104", "120")  /**/
                   WORD(SHIFT3, "12", "28", "44", "60", "76", "92", "108", "124") /**/
                   "adds r0, #16\n"
                   "adds r1, #128\n"
                   "adds r1, #128\n"
                   "cmp r1, lr\n"
                   "beq 2f\n"
                   "b 1b\n"
                   "2:\n"
                   "pop {r4-r7, pc}\n"
                   ".ltorg\n");
}
