#include "lookup_saved.h"
#include "stream.h"

/* The byte offset of a field's entry. `down` is the field's first bit minus 2. */
#define LOWEST(index)                                                                                  \
    "lsls " index ", r1, #2\n"                                                                         \
    "ands " index ", r3\n"
#define FIVE(index, down)                                                                              \
    "lsrs " index ", r1, #" down "\n"                                                                  \
    "ands " index ", r3\n"
#define SIX(index)                                                                                     \
    "lsls " index ", r1, #6\n"                                                                         \
    "lsrs " index ", " index ", #26\n"                                                                 \
    "lsls " index ", " index ", #2\n"
#define HIGHEST(index)                                                                                 \
    "lsrs " index ", r1, #26\n"                                                                        \
    "lsls " index ", " index ", #2\n"

/* Load the entry at a byte offset from the table whose address is in a register, or on the stack. */
#define LOAD(entry, table) "ldr " entry ", [" table ", " entry "]\n"
#define LOAD_FAR(entry, table)                                                                         \
    "ldr r7, [sp, #" table "]\n"                                                                       \
    "ldr " entry ", [r7, " entry "]\n"

/* Three fields of 5 bits, then those of 5 and 6, then that of 6 bits.
 *
 *   r0        0xF0F0F0F0, which selects the high nibbles
 *   r1        the weight word
 *   r2 r6     the first table, the fourth
 *   r3        mask of a 5-bit field, shifted left to the bits of a byte offset
 *   r4 r5     entries; r5 also the second sum
 *   r7        address of a table, of the weights or of the sums
 *   r8 r9     sums of this call
 *   r10       end of the sums
 *   r12 lr    addresses of the sums in memory and of the weights
 *   stack     the second (sp), third (sp + 4), fifth (sp + 8) and sixth table (sp + 12) */
__attribute__((naked)) void sbnn_stream_add(__attribute__((unused)) const uint32_t *tables,
                                            __attribute__((unused)) const uint32_t *w,
                                            __attribute__((unused)) uint32_t n,
                                            __attribute__((unused)) uint32_t *sums) {
    __asm volatile(LOOKUP_SAVE "sub sp, #16\n"
                               "mov r12, r3\n"
                               "mov lr, r1\n"
                               "lsls r2, r2, #4\n"
                               "adds r2, r2, r3\n"
                               "mov r10, r2\n"
                               "mov r2, r0\n"
                               "movs r4, #128\n"
                               "adds r5, r0, r4\n"
                               "str r5, [sp]\n"
                               "adds r5, r5, r4\n"
                               "str r5, [sp, #4]\n"
                               "adds r6, r5, r4\n"
                               "adds r5, r6, r4\n"
                               "str r5, [sp, #8]\n"
                               "adds r5, r5, r4\n"
                               "adds r5, r5, r4\n"
                               "str r5, [sp, #12]\n"
                               "ldr r0, =0xF0F0F0F0\n"
                               "movs r3, #124\n"
                               "1:\n"
                               "mov r7, lr\n"
                               "ldm r7!, {r1}\n"
                               "mov lr, r7\n"                                        /**/
                   LOWEST("r4") LOAD("r4", "r2") FIVE("r5", "3") LOAD_FAR("r5", "0") /**/
                   "adds r4, r4, r5\n"                                               /**/
                   FIVE("r5", "8") LOAD_FAR("r5", "4")                               /**/
                   "adds r4, r4, r5\n"
                   "mov r8, r4\n"
                   "ands r4, r0\n"
                   "lsrs r4, r4, #4\n"
                   "mov r9, r4\n"                                                  /**/
                   FIVE("r4", "13") LOAD("r4", "r6") SIX("r5") LOAD_FAR("r5", "8") /**/
                   "adds r4, r4, r5\n"
                   "add r8, r8, r4\n"
                   "ands r4, r0\n"
                   "lsrs r4, r4, #4\n"
                   "add r9, r9, r4\n"                 /**/
                   HIGHEST("r4") LOAD_FAR("r4", "12") /**/
                   "mov r7, r12\n"
                   "ldr r1, [r7]\n"
                   "ldr r5, [r7, #4]\n"
                   "adds r1, r1, r4\n"
                   "add r1, r1, r8\n"
                   "ands r4, r0\n"
                   "lsrs r4, r4, #4\n"
                   "adds r5, r5, r4\n"
                   "add r5, r5, r9\n"
                   "str r1, [r7]\n"
                   "str r5, [r7, #4]\n"
                   "adds r7, #16\n"
                   "mov r12, r7\n"
                   "cmp r7, r10\n"
                   "bne 1b\n"
                   "add sp, #16\n" LOOKUP_RETURN ".ltorg\n");
}
