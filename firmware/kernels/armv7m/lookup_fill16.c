#include "lookup_fill16.h"
#include "lookup_columns.h"

/* A block is four entries (eight words), a run sixteen blocks: seven runs, one per 6-bit field and two
 * per 7-bit field. Step 0 is in registers; steps 1 to 4 are read from memory, because no register is
 * free.
 *
 *   stack   runs left: while 4 or more, each run is a 6-bit field; below, an odd number means that
 *           the second run of a 7-bit field follows */
__attribute__((naked)) void sbnn_lookup_fill16(__attribute__((unused)) uint32_t *tables,
                                               __attribute__((unused)) const uint32_t *steps) {
    __asm volatile("push {r4-r11, lr}\n"
                   "movs r2, #7\n"
                   "push {r2}\n"
                   "sub r1, r1, #32\n"
                   "1:\n"                            /* a field */
                   "adds r1, r1, #32\n" BEGIN "2:\n" /* a run */
                   EIGHT_BLOCKS STEP_AT("16") EIGHT_BLOCKS "ldr r2, [sp]\n"
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
