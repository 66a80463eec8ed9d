#include "attend.h"
#include "lookup_columns.h"

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
#define EIGHT_BLOCKS                                                                                   \
    STORE STEP_0 STORE STEP_AT("0") STORE STEP_0 STORE STEP_AT("8") STORE STEP_0 STORE STEP_AT("0")    \
        STORE STEP_0 STORE

/* Write the tables from the steps of all fields (lookup_columns.h), as sbnn_lookup_fill16 does. A block
 * is four entries (eight words): a field of 5 bits has eight blocks, one of 6 bits sixteen.
 *
 *   r0      next word of the tables
 *   r1      address of step 1 of the field
 *   r2 r3   the step just read, for rows 0 to 7 and rows 8 to 15
 *   r4-r11  the block
 *   r12 lr  step 0
 *   stack   fields left; the last two have 6 bits */
__attribute__((naked)) static void fill(__attribute__((unused)) uint32_t *tables,
                                        __attribute__((unused)) const uint32_t *steps) {
    __asm volatile("push {r4-r11, lr}\n"
                   "movs r2, #6\n"
                   "push {r2}\n"
                   "1:\n" /* a field */
                   "ldm r1!, {r4-r9}\n"
                   "add r6, r4, r6\n"
                   "add r7, r5, r7\n"
                   "add r10, r6, r8\n"
                   "add r11, r7, r9\n"
                   "add r8, r4, r8\n"
                   "add r9, r5, r9\n"
                   "ldrd r12, lr, [r1], #8\n" EIGHT_BLOCKS "ldr r2, [sp]\n"
                   "cmp r2, #2\n"
                   "bhi 2f\n" /**/
                   STEP_AT("16") EIGHT_BLOCKS "ldr r2, [sp]\n"
                                              "2:\n"
                                              "subs r2, r2, #1\n"
                                              "str r2, [sp]\n"
                                              "add r1, r1, #32\n"
                                              "bne 1b\n"
                                              "add sp, sp, #4\n"
                                              "pop {r4-r11, pc}\n");
}

#define FIELD (2u * LOOKUP_STEPS)

void sbnn_attend_tables(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables) {
    uint32_t columns[8];
    uint32_t steps[6u * FIELD];
    for (uint32_t half = 0; half < 2u; half++) {
        uint32_t *const at = steps + half;
        lookup_columns(x, stride, rows, columns);
        LOOKUP_BARRIER;
        lookup_steps(columns, 0, 5, 2, 2, at);
        LOOKUP_BARRIER;
        lookup_steps(columns, 5, 5, 2, 2, at + FIELD);
        LOOKUP_BARRIER;
        lookup_steps(columns, 10, 5, 2, 2, at + 2u * FIELD);
        LOOKUP_BARRIER;
        lookup_steps(columns, 15, 5, 2, 2, at + 3u * FIELD);
        LOOKUP_BARRIER;
        lookup_steps(columns, 20, 6, 2, 2, at + 4u * FIELD);
        LOOKUP_BARRIER;
        lookup_steps(columns, 26, 6, 2, 2, at + 5u * FIELD);
        x += 8u * stride;
        rows = rows > 8u ? rows - 8u : 0u;
    }
    fill(tables, steps);
}
