#include "lookup_saved.h"
#include "stream_lanes.h"

/* Three fields of 4 bits, three more, and two, for half of the words of an entry at a time: first words
 * 0 and 1, then, in a second run over the tokens, words 2 and 3.
 *
 *   r0 r1     sums of a group's entries
 *   r2 r3 r5  addresses and entries
 *   r4        0xF0F0F0F0, which selects the high nibbles
 *   r6 r7     list, record
 *   r8 r9     sums of all of the first two groups
 *   r10 r11   sums of the high nibbles of these
 *   r12       end of the list of a row
 *   stack     list, records, bytes of the list of a row, rows to go; then nine saved registers, and the
 *             last two arguments */
#define LOW_HALF(from, base, high) "ldm " from ", {" base ", " high "}\n"
#define HIGH_HALF(from, base, high)                                                                    \
    "ldr " base ", [" from ", #8]\n"                                                                   \
    "ldr " high ", [" from ", #12]\n"
/* An address that is not overwritten by its entry is stepped on, for which there is no use. */
#define FIRST_LOW "ldm r2!, {r0, r1}\n"
#define FIRST_HIGH HIGH_HALF("r2", "r0", "r1")
#define MORE_LOW LOW_HALF("r3", "r2", "r3")
#define MORE_HIGH HIGH_HALF("r3", "r2", "r3")
#define THIRD_LOW "ldm r5!, {r2, r3}\n"
#define THIRD_HIGH HIGH_HALF("r5", "r2", "r3")
#define SUM                                                                                            \
    "adds r0, r0, r2\n"                                                                                \
    "adds r1, r1, r3\n"
#define HIGH_NIBBLES                                                                                   \
    "ands r0, r4\n"                                                                                    \
    "ands r1, r4\n"                                                                                    \
    "lsrs r0, r0, #4\n"                                                                                \
    "lsrs r1, r1, #4\n"
#define THREE(first, more, third) "ldm r6!, {r2, r3, r5}\n" first more SUM third SUM
#define TWO(first, more) "ldm r6!, {r2, r3}\n" first more SUM
#define STORE(sum, earlier, at)                                                                        \
    "ldr r2, [r7, #" at "]\n"                                                                          \
    "add r2, r2, " earlier "\n"                                                                        \
    "adds r2, r2, " sum "\n"                                                                           \
    "str r2, [r7, #" at "]\n"

#define TOKENS(first, more, third, high0, high1, all0, all1)                                           \
    "ldr r6, [sp]\n"                                                                                   \
    "ldr r7, [sp, #4]\n"                                                                               \
    "ldr r0, [sp, #52]\n"                                                                              \
    "str r0, [sp, #12]\n"                                                                              \
    "1:\n"                                                                                             \
    "ldr r0, [sp, #8]\n"                                                                               \
    "adds r0, r0, r6\n"                                                                                \
    "mov r12, r0\n"                                                                                    \
    "2:\n" THREE(first, more,                                                                          \
                 third) "mov r8, r0\n"                                                                 \
                        "mov r9, r1\n" HIGH_NIBBLES "mov r10, r0\n"                                    \
                        "mov r11, r1\n" THREE(                                                         \
                            first, more,                                                               \
                            third) "add r8, r8, r0\n"                                                  \
                                   "add r9, r9, r1\n" HIGH_NIBBLES "add r10, r10, r0\n"                \
                                   "add r11, r11, r1\n" TWO(first, more) STORE("r0", "r8", all0)       \
                                       STORE("r1", "r9", all1) HIGH_NIBBLES STORE("r0", "r10", high0)  \
                                           STORE("r1", "r11", high1) "adds r7, #32\n"                  \
                                                                     "cmp r6, r12\n"                   \
                                                                     "bne 2b\n"                        \
                                                                     "ldr r0, [sp, #56]\n"             \
                                                                     "adds r6, r6, r0\n"               \
                                                                     "ldr r0, [sp, #12]\n"             \
                                                                     "subs r0, #1\n"                   \
                                                                     "str r0, [sp, #12]\n"             \
                                                                     "bne 1b\n"

__attribute__((naked)) void sbnn_lanes_add(__attribute__((unused)) const uint32_t *tables,
                                           __attribute__((unused)) const uint32_t *list,
                                           __attribute__((unused)) uint32_t *records,
                                           __attribute__((unused)) uint32_t count,
                                           __attribute__((unused)) uint32_t rows,
                                           __attribute__((unused)) uint32_t skip) {
    __asm volatile(LOOKUP_SAVE "sub sp, #16\n"
                               "lsls r3, r3, #5\n"
                               "str r1, [sp]\n"
                               "str r2, [sp, #4]\n"
                               "str r3, [sp, #8]\n"
                               "ldr r4, =0xF0F0F0F0\n"                                              /**/
                   TOKENS(FIRST_LOW, MORE_LOW, THIRD_LOW, "0", "4", "16", "20")                     /**/
                   TOKENS(FIRST_HIGH, MORE_HIGH, THIRD_HIGH, "8", "12", "24", "28") "add sp, #16\n" /**/
                   LOOKUP_RETURN ".ltorg\n");
}
