#include "lookup_saved.h"
#include "stream.h"

/* The byte offset of a field's entry. `down` is the field's first bit minus 2. */
#define LOWEST(index)                                                                                  \
    "lsls " index ", r1, #26\n"                                                                        \
    "lsrs " index ", " index ", #24\n"
#define FIVE(index, down)                                                                              \
    "lsrs " index ", r1, #" down "\n"                                                                  \
    "ands " index ", r3\n"
#define HIGHEST(index)                                                                                 \
    "lsrs " index ", r1, #26\n"                                                                        \
    "lsls " index ", " index ", #2\n"

/* Load the entry at a byte offset. `table` is the stack offset of the address of the field's table. */
#define LOAD(entry, table)                                                                             \
    "ldr r7, [sp, #" table "]\n"                                                                       \
    "ldr " entry ", [r7, " entry "]\n"

/* The sums of an output: three fields of 5 bits, then the fourth and the lowest one, of 6 bits, then
 * the highest one. */
#define OUTPUT                                                                                         \
    "ldm r6!, {r1}\n" FIVE("r4", "4") LOAD("r4", "4") FIVE("r5", "9")                                  \
        LOAD("r5", "8") "adds r4, r4, r5\n" FIVE("r5", "14")                                           \
            LOAD("r5", "12") "adds r4, r4, r5\n"                                                       \
                             "mov r8, r4\n"                                                            \
                             "ands r4, r0\n"                                                           \
                             "lsrs r4, r4, #4\n"                                                       \
                             "mov r9, r4\n" FIVE("r4", "19") LOAD("r4", "16") LOWEST("r5")             \
                                 LOAD("r5", "0") "adds r4, r4, r5\n"                                   \
                                                 "add r8, r8, r4\n"                                    \
                                                 "ands r4, r0\n"                                       \
                                                 "lsrs r4, r4, #4\n"                                   \
                                                 "add r9, r9, r4\n" HIGHEST("r4")                      \
                                                     LOAD("r4", "20") "ldm r2!, {r1, r5}\n"            \
                                                                      "adds r1, r1, r4\n"              \
                                                                      "add r1, r1, r8\n"               \
                                                                      "ands r4, r0\n"                  \
                                                                      "lsrs r4, r4, #4\n"              \
                                                                      "adds r5, r5, r4\n"              \
                                                                      "add r5, r5, r9\n"               \
                                                                      "subs r2, #8\n"                  \
                                                                      "stm r2!, {r1, r5}\n"            \
                                                                      "adds r2, #8\n"

/* Two outputs make a turn of the loop; an odd one comes first.
 *
 *   r0        0xF0F0F0F0, which selects the high nibbles
 *   r1        the weight word, then the first sum
 *   r2 r6     addresses of the sums in memory and of the weights
 *   r3        mask of a 5-bit field, shifted left to the bits of a byte offset
 *   r4 r5     entries; r5 also the second sum
 *   r7        address of a table
 *   r8 r9     sums of this call
 *   r10       end of the sums
 *   stack     the six tables */
__attribute__((naked)) void sbnn_stream_add(__attribute__((unused)) const uint32_t *tables,
                                            __attribute__((unused)) const uint32_t *w,
                                            __attribute__((unused)) uint32_t n,
                                            __attribute__((unused)) uint32_t *sums) {
    __asm volatile(LOOKUP_SAVE "sub sp, #24\n"
                               "lsls r5, r2, #31\n"
                               "lsls r2, r2, #4\n"
                               "adds r2, r2, r3\n"
                               "mov r10, r2\n"
                               "mov r2, r3\n"
                               "mov r6, r1\n"
                               "movs r4, #128\n"
                               "str r0, [sp]\n"
                               "adds r0, r0, r4\n"
                               "adds r0, r0, r4\n"
                               "str r0, [sp, #4]\n"
                               "adds r0, r0, r4\n"
                               "str r0, [sp, #8]\n"
                               "adds r0, r0, r4\n"
                               "str r0, [sp, #12]\n"
                               "adds r0, r0, r4\n"
                               "str r0, [sp, #16]\n"
                               "adds r0, r0, r4\n"
                               "str r0, [sp, #20]\n"
                               "ldr r0, =0xF0F0F0F0\n"
                               "movs r3, #124\n"
                               "cmp r5, #0\n"
                               "bne 2f\n"
                               "1:\n" OUTPUT "2:\n" OUTPUT "cmp r2, r10\n"
                               "bne 1b\n"
                               "add sp, #24\n" LOOKUP_RETURN ".ltorg\n");
}
