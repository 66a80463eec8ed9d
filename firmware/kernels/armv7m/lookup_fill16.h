/* The tables of 16 rows, in assembly: a block is four entries, which are eight words.
 *
 *   r0      next word of the tables
 *   r1      address of step 1 of the field
 *   r2 r3   the step just read, for rows 0 to 7 and rows 8 to 15
 *   r4-r11  the block
 *   r12 lr  step 0 */
#ifndef SBNN_KERNELS_LOOKUP_FILL16_H
#define SBNN_KERNELS_LOOKUP_FILL16_H

#define STORE "stm r0!, {r4-r11}\n"
#define STEP(even, odd)                                                                                \
    "add r4, r4, " even "\n"                                                                           \
    "add r5, r5, " odd "\n"                                                                            \
    "add r6, r6, " even "\n"                                                                           \
    "add r7, r7, " odd "\n"                                                                            \
    "add r8, r8, " even "\n"                                                                           \
    "add r9, r9, " odd "\n"                                                                            \
    "add r10, r10, " even "\n"                                                                         \
    "add r11, r11, " odd "\n"
#define STEP_0 STEP("r12", "lr")
#define STEP_AT(offset) "ldrd r2, r3, [r1, #" offset "]\n" STEP("r2", "r3")

/* The first block of a field, from its entry 0 and the two differences within a block. */
#define BEGIN                                                                                          \
    "ldm r1!, {r4-r9}\n"                                                                               \
    "add r6, r4, r6\n"                                                                                 \
    "add r7, r5, r7\n"                                                                                 \
    "add r10, r6, r8\n"                                                                                \
    "add r11, r7, r9\n"                                                                                \
    "add r8, r4, r8\n"                                                                                 \
    "add r9, r5, r9\n"                                                                                 \
    "ldrd r12, lr, [r1], #8\n"

/* Eight blocks, of which the steps 0 to 2 lead to the next. */
#define EIGHT_BLOCKS                                                                                   \
    STORE STEP_0 STORE STEP_AT("0") STORE STEP_0 STORE STEP_AT("8") STORE STEP_0 STORE STEP_AT("0")    \
        STORE STEP_0 STORE

#endif
