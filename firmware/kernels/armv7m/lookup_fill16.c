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

/* A block is four entries (eight words), a run sixteen blocks: seven runs, one per 6-bit field and two
 * per 7-bit field. Step 0 is in registers; steps 1 to 4 are read from memory, because no register is
 * free.
 *
 *   r0      next word of the tables
 *   r1      address of step 1 of the field
 *   r2 r3   the step just read, for rows 0 to 7 and rows 8 to 15
 *   r4-r11  the block
 *   r12 lr  step 0
 *   stack   runs left: while 4 or more, each run is a 6-bit field; below, an odd number means that
 *           the second run of a 7-bit field follows */
__attribute__((naked)) void sbnn_lookup_fill16(__attribute__((unused)) uint32_t *tables,
                                               __attribute__((unused)) const uint32_t *steps) {
    __asm volatile("push {r4-r11, lr}\n"
                   "movs r2, #7\n"
                   "push {r2}\n"
                   "sub r1, r1, #32\n"
                   "1:\n" /* a field */
                   "adds r1, r1, #32\n"
                   "ldm r1!, {r4-r9}\n"
                   "add r6, r4, r6\n"
                   "add r7, r5, r7\n"
                   "add r10, r6, r8\n"
                   "add r11, r7, r9\n"
                   "add r8, r4, r8\n"
                   "add r9, r5, r9\n"
                   "ldrd r12, lr, [r1], #8\n"
                   "2:\n"                                                           /* a run */
                   STORE STEP_0 STORE STEP_AT("0") STORE STEP_0 STORE STEP_AT("8")  /**/
                   STORE STEP_0 STORE STEP_AT("0") STORE STEP_0 STORE STEP_AT("16") /**/
                   STORE STEP_0 STORE STEP_AT("0") STORE STEP_0 STORE STEP_AT("8")  /**/
                   STORE STEP_0 STORE STEP_AT("0") STORE STEP_0 STORE               /**/
                   "ldr r2, [sp]\n"
                   "subs r2, r2, #1\n"
                   "beq 3f\n"
                   "str r2, [sp]\n"
                   "cmp r2, #4\n"
                   "bhs 1b\n"
                   "tst r2, #1\n"
                   "beq 1b\n" /**/
                   STEP_AT("24") "b 2b\n"
                                 "3:\n"
                                 "add sp, sp, #4\n"
                                 "pop {r4-r11, pc}\n");
}
