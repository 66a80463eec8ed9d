#include "lookup_columns.h"
#include "lookup_saved.h"

#define STORE "stm r0!, {r4-r7}\n"
#define STEP(step)                                                                                     \
    "add r4, r4, " step "\n"                                                                           \
    "add r5, r5, " step "\n"                                                                           \
    "add r6, r6, " step "\n"                                                                           \
    "add r7, r7, " step "\n"
#define NEXT_STEP(step)                                                                                \
    "ldm r1!, {r3}\n"                                                                                  \
    "mov " step ", r3\n"

/* A block is four entries (four words), a run eight blocks: 14 runs, two per 6-bit field and four per
 * 7-bit field. Within a run the steps 0, 1 and 2 follow the bits of the block's number; between runs
 * comes step 3 or 4.
 *
 *   r0      next word of the tables
 *   r1      address of the next field's steps
 *   r2      runs left; its trailing zeros say which step comes next, or that the field ends
 *   r4-r7   the block
 *   r8-r12  steps 0 to 4
 *
 * The 6-bit fields take runs 14 to 9, two at a time; from 8 on, four runs make a field. `lsrs r3, r2,
 * #n` is there for the carry, into which it moves bit n - 1 of r2. */
__attribute__((naked)) void sbnn_lookup_fill8(__attribute__((unused)) uint32_t *tables,
                                              __attribute__((unused)) const uint32_t *steps) {
    __asm volatile(LOOKUP_SAVE "movs r2, #14\n"
                               "1:\n" /* a field */
                               "ldm r1!, {r4, r5, r6}\n"
                               "adds r5, r4, r5\n"
                               "adds r7, r5, r6\n"
                               "adds r6, r4, r6\n"                                   /**/
                   NEXT_STEP("r8") NEXT_STEP("r9") NEXT_STEP("r10") NEXT_STEP("r11") /**/
                   NEXT_STEP("r12") "2:\n"                                           /* a run */
                   STORE STEP("r8") STORE STEP("r9") STORE STEP("r8") STORE          /**/
                       STEP("r10") STORE STEP("r8") STORE STEP("r9") STORE STEP("r8") STORE
                   "subs r2, r2, #1\n"
                   "beq 5f\n"
                   "lsrs r3, r2, #1\n"
                   "bcc 3f\n" /**/
                   STEP("r11") "b 2b\n"
                               "3:\n"
                               "cmp r2, #8\n"
                               "bhs 1b\n"
                               "lsrs r3, r2, #2\n"
                               "bcs 4f\n"
                               "b 1b\n"
                               "4:\n" /**/
                   STEP("r12") "b 2b\n"
                               "5:\n" LOOKUP_RETURN);
}
