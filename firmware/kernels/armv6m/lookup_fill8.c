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

/* r0 next word of the tables, r1 steps of the next field, r2 runs that are left, r4-r7 the block,
 * r8-r12 steps 0 to 4. Fourteen runs of eight blocks: two for each field of 6 bits, four for those
 * of 7. */
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
