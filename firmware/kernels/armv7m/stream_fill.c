#include "stream_fill.h"

/* Bit `shift` of the column in r3, whose difference (lookup_columns.h) goes to a register. The first
 * bit sets entry 0, the others are added to it. */
#define FIRST(shift)                                                                                   \
    "and r4, r2, r3, lsr #" shift "\n"                                                                 \
    "sub r5, r2, r4, lsl #1\n"
#define LATER(shift, difference)                                                                       \
    "and r7, r2, r3, lsr #" shift "\n"                                                                 \
    "sub " difference ", r2, r7, lsl #1\n"                                                             \
    "add r4, r4, r7\n"
#define COLUMN(number) "ldr r3, [sp, #4 * " number "]\n"

/* Entries 1 to 7 from entry 0 and the differences of the three lowest bits. */
#define BLOCK                                                                                          \
    "add r5, r4, r5\n"                                                                                 \
    "add r7, r5, r6\n"                                                                                 \
    "add r6, r4, r6\n"                                                                                 \
    "add r9, r5, r8\n"                                                                                 \
    "add r10, r6, r8\n"                                                                                \
    "add r11, r7, r8\n"                                                                                \
    "add r8, r4, r8\n"

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

/* Fields of 5 and of 6 bits, of which the first three are in r5, r6 and r8 (lookup_columns.h has the
 * steps between blocks). */
#define FIVE                                                                                           \
    BLOCK                                                                                              \
    "sub r1, r1, r12\n"                                                                                \
    "bl 9f\n"
#define SIX                                                                                            \
    BLOCK                                                                                              \
    "sub r3, r3, r1\n"                                                                                 \
    "sub r3, r3, r12\n"                                                                                \
    "sub r1, r1, r12\n"                                                                                \
    "bl 9f\n" /**/                                                                                     \
        STEP("r3") "bl 9f\n"

/*   r0      next word of the tables
 *   r1      difference of bit 4, then step 1
 *   r2      ones
 *   r3      a column; difference of bit 5, then step 2
 *   r4-r11  the block
 *   r12     difference of bit 3, which is step 0
 *   stack   the columns */
__attribute__((naked)) void sbnn_stream_fill(__attribute__((unused)) uint32_t *tables,
                                             __attribute__((unused)) const uint32_t *columns) {
    __asm volatile("push {r4-r11, lr}\n"
                   "ldm r1, {r2-r9}\n"
                   "push {r2-r9}\n"
                   "mov r2, #0x11111111\n"                                                          /**/
                   COLUMN("0") FIRST("0") LATER("1", "r6") LATER("2", "r8") LATER("3", "r12")       /**/
                   COLUMN("1") LATER("0", "r1") FIVE                                                /**/
                       COLUMN("1") FIRST("1") LATER("2", "r6") LATER("3", "r8")                     /**/
                   COLUMN("2") LATER("0", "r12") LATER("1", "r1") FIVE                              /**/
                       COLUMN("2") FIRST("2") LATER("3", "r6")                                      /**/
                   COLUMN("3") LATER("0", "r8") LATER("1", "r12") LATER("2", "r1") FIVE             /**/
                       COLUMN("3") FIRST("3")                                                       /**/
                   COLUMN("4") LATER("0", "r6") LATER("1", "r8") LATER("2", "r12") LATER("3", "r1") /**/
                   FIVE                                                                             /**/
                       COLUMN("5") FIRST("0") LATER("1", "r6") LATER("2", "r8") LATER("3", "r12")   /**/
                   COLUMN("6") LATER("0", "r1") LATER("1", "r3") SIX                                /**/
                       COLUMN("6") FIRST("2") LATER("3", "r6")                                      /**/
                   COLUMN("7") LATER("0", "r8") LATER("1", "r12") LATER("2", "r1") LATER("3", "r3")
                       SIX /**/
                   "add sp, sp, #32\n"
                   "pop {r4-r11, pc}\n"
                   "9:\n" /* four blocks */
                   STORE STEP("r12") STORE STEP("r1") STORE STEP("r12") STORE "bx lr\n");
}
