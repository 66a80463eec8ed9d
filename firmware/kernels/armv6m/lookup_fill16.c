#include "lookup_columns.h"
#include "lookup_saved.h"

#define STORE "stm r0!, {r4-r7}\n"
#define STEP(even, odd)                                                                                \
    "add r4, r4, " even "\n"                                                                           \
    "add r5, r5, " odd "\n"                                                                            \
    "add r6, r6, " even "\n"                                                                           \
    "add r7, r7, " odd "\n"
#define STEP_0 STEP("r8", "r9")
#define STEP_1 STEP("r10", "r11")
#define STEP_2 STEP("r12", "lr")
#define STEP_AT(even, odd)                                                                             \
    "ldr r3, [r1, #" even "]\n"                                                                        \
    "adds r4, r4, r3\n"                                                                                \
    "adds r6, r6, r3\n"                                                                                \
    "ldr r3, [r1, #" odd "]\n"                                                                         \
    "adds r5, r5, r3\n"                                                                                \
    "adds r7, r7, r3\n"
#define NEXT_STEP(even, odd)                                                                           \
    "ldm r1!, {r3}\n"                                                                                  \
    "mov " even ", r3\n"                                                                               \
    "ldm r1!, {r3}\n"                                                                                  \
    "mov " odd ", r3\n"

/* A block is two entries (four words), a run eight blocks: 28 runs, four per 6-bit field and eight per
 * 7-bit field. Within a run the steps 0, 1 and 2 follow the bits of the block's number; between runs
 * the steps 3, 4 and 5 are read from memory, because no register is free.
 *
 *   r0         next word of the tables
 *   r1         address of step 3 of the field
 *   r2         runs left; its trailing zeros say which step comes next, or that the field ends
 *   r4-r7      the block: rows 0 to 7 and rows 8 to 15 of both entries
 *   r8-r12 lr  steps 0 to 2, each for rows 0 to 7 and rows 8 to 15
 *
 * The 6-bit fields take runs 28 to 17, four at a time; from 16 on, eight runs make a field. `lsrs r3,
 * r2, #n` is there for the carry, into which it moves bit n - 1 of r2. */
__attribute__((naked)) void sbnn_lookup_fill16(__attribute__((unused)) uint32_t *tables,
                                               __attribute__((unused)) const uint32_t *steps) {
    __asm volatile(LOOKUP_SAVE "movs r2, #28\n"
                               "subs r1, r1, #24\n"
                               "1:\n" /* a field */
                               "adds r1, r1, #24\n"
                               "ldm r1!, {r4-r7}\n"
                               "adds r6, r4, r6\n"
                               "adds r7, r5, r7\n"                     /**/
                   NEXT_STEP("r8", "r9") NEXT_STEP("r10", "r11")       /**/
                   NEXT_STEP("r12", "lr") "2:\n"                       /* a run */
                   STORE STEP_0 STORE STEP_1 STORE STEP_0 STORE STEP_2 /**/
                       STORE STEP_0 STORE STEP_1 STORE STEP_0 STORE    /**/
                                          "subs r2, r2, #1\n"
                                          "beq 6f\n"
                                          "lsrs r3, r2, #1\n"
                                          "bcc 3f\n" /**/
                   STEP_AT("0", "4") "b 2b\n"
                                     "3:\n"
                                     "lsrs r3, r2, #2\n"
                                     "bcc 4f\n" /**/
                   STEP_AT("8", "12") "b 2b\n"
                                      "4:\n"
                                      "cmp r2, #16\n"
                                      "bhs 1b\n"
                                      "lsrs r3, r2, #3\n"
                                      "bcs 5f\n"
                                      "b 1b\n"
                                      "5:\n" /**/
                   STEP_AT("16", "20") "b 2b\n"
                                       "6:\n" LOOKUP_RETURN);
}
