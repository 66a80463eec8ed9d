#include "attend.h"

/* Ten bytes of code, which the jump into the block below relies on. */
#define ENTRY(number)                                                                                  \
    "ldrb.w r12, [r0, #16 * " number "]\n"                                                             \
    "ldr.w r12, [r2, r12, lsl #2]\n"                                                                   \
    "add r4, r12\n"
#define FOUR(a, b, c, d) ENTRY(a) ENTRY(b) ENTRY(c) ENTRY(d)

/* Blocks of 32 entries. The first block is entered where the entries that there are begin, with an
 * address as much lower.
 *
 *   r0      address of the row's counts
 *   r1      counts after the first block, in blocks
 *   r2      entries
 *   r3      address of the totals
 *   r4      total
 *   r5      blocks left
 *   r6      bytes of counts that the first block skips, then the end of the totals
 *   r7      where to enter the block
 *   r8      address of the counts */
__attribute__((naked)) void sbnn_attend_totals(__attribute__((unused)) const uint32_t *counts,
                                               __attribute__((unused)) uint32_t n,
                                               __attribute__((unused)) const int32_t *entries,
                                               __attribute__((unused)) uint32_t *totals) {
    __asm volatile("push {r4-r8, lr}\n"
                   "sub r1, r1, #1\n"
                   "and r6, r1, #31\n"
                   "lsr r1, r1, #5\n"
                   "rsb r6, r6, #31\n" /* entries that are skipped */
                   "adr r7, 3f\n"
                   "add r7, r7, r6, lsl #3\n"
                   "add r7, r7, r6, lsl #1\n"
                   "add r7, r7, #1\n" /* Thumb code */
                   "sub r8, r0, r6, lsl #4\n"
                   "add r6, r3, #64\n"
                   "1:\n"
                   "mov r0, r8\n"
                   "add r8, r8, #1\n"
                   "mov r4, #0\n"
                   "mov r5, r1\n"
                   "bx r7\n"
                   "2:\n"
                   "add r0, r0, #512\n"
                   ".balign 4\n"
                   "3:\n" /**/
                   FOUR("0", "1", "2", "3") FOUR("4", "5", "6", "7") FOUR("8", "9", "10", "11")
                       FOUR("12", "13", "14", "15") FOUR("16", "17", "18", "19")
                           FOUR("20", "21", "22", "23") FOUR("24", "25", "26", "27")
                               FOUR("28", "29", "30", "31") "subs r5, r5, #1\n"
                                                            "bpl.w 2b\n"
                                                            "str r4, [r3], #4\n"
                                                            "cmp r3, r6\n"
                                                            "bne.w 1b\n"
                                                            "pop {r4-r8, pc}\n");
}
