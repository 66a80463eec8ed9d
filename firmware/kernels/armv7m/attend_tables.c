#include "attend.h"
#include "lookup_columns.h"
#include "lookup_fill16.h"

/* Write the tables from the steps of all fields (lookup_columns.h), as sbnn_lookup_fill16 does. A block
 * is four entries (eight words): a field of 5 bits has eight blocks, one of 6 bits sixteen.
 *
 *   stack   fields left; the last two have 6 bits */
__attribute__((naked)) static void fill(__attribute__((unused)) uint32_t *tables,
                                        __attribute__((unused)) const uint32_t *steps) {
    __asm volatile("push {r4-r11, lr}\n"
                   "movs r2, #6\n"
                   "push {r2}\n"
                   "1:\n" /* a field */
                   BEGIN EIGHT_BLOCKS "ldr r2, [sp]\n"
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
