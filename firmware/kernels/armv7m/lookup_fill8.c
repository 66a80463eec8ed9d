#include "lookup_columns.h"

#define STORE "stm r0!, {r4-r11}\n"
#define STEP(step)                                                                                     \
    "add r4, r4, " step "\n"                                                                           \
    "add r5, r5, " step "\n"                                                                           \
    "add r6, r6, " step "\n"                                                                           \
    "add r7, r7, " step "\n"                                                                           \
    "add r8, r8, " step "\n"                                                                           \
    "add r9, r9, " step "\n"                                                                           \
    "add r10, r10, " step "\n"                                                                         \
    "add r11, r11, " step "\n"

/* A block is eight entries (eight words), a run eight blocks: seven runs, one per 6-bit field and two
 * per 7-bit field.
 *
 *   r0      next word of the tables
 *   r1      address after the field's steps 0 to 3
 *   r4-r11  the block
 *   r12 lr  steps 0 and 1
 *   r2 r3   steps 2 and 3; r2 is also used to count, and is then read again
 *   stack   runs left: while 4 or more, each run is a 6-bit field; below, an odd number means that
 *           the second run of a 7-bit field follows */
__attribute__((naked)) void sbnn_lookup_fill8(__attribute__((unused)) uint32_t *tables,
                                              __attribute__((unused)) const uint32_t *steps) {
    __asm volatile("push {r4-r11, lr}\n"
                   "movs r2, #7\n"
                   "push {r2}\n"
                   "1:\n" /* a field */
                   "ldm r1!, {r4-r7}\n"
                   "add r8, r4, r7\n"
                   "add r5, r4, r5\n"
                   "add r9, r5, r7\n"
                   "add r10, r8, r6\n"
                   "add r11, r9, r6\n"
                   "add r7, r5, r6\n"
                   "add r6, r4, r6\n"
                   "ldrd r12, lr, [r1], #8\n"
                   "ldm r1!, {r2, r3}\n"
                   "2:\n"                                                                /* a run */
                   STORE STEP("r12") STORE STEP("lr") STORE STEP("r12") STORE STEP("r2") /**/
                   STORE STEP("r12") STORE STEP("lr") STORE STEP("r12") STORE            /**/
                   "ldr r2, [sp]\n"
                   "subs r2, r2, #1\n"
                   "beq 3f\n"
                   "str r2, [sp]\n"
                   "cmp r2, #4\n"
                   "bhs 1b\n"
                   "tst r2, #1\n"
                   "beq 1b\n"
                   "ldr r2, [r1, #-8]\n" /**/
                   STEP("r3") "b 2b\n"
                              "3:\n"
                              "add sp, sp, #4\n"
                              "pop {r4-r11, pc}\n");
}
