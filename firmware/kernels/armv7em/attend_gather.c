#include "attend.h"

/* A byte that is less than its limit leaves its GE flag clear, and SEL then takes its top bit from r1.
 */
#define FIRST(count, limit, bits)                                                                      \
    "usub8 " count ", " count ", " limit "\n"                                                          \
    "sel " bits ", r12, r1\n"
#define BELOW(count, limit, bits)                                                                      \
    "usub8 " count ", " count ", " limit "\n"                                                          \
    "sel " count ", r12, r1\n"                                                                         \
    "orr " bits ", " count ", " bits ", lsr #1\n"
#define ROW(take)                                                                                      \
    "ldrd r2, lr, [r0], #8\n" take("r2", "r4", "r8")                                                   \
        take("lr", "r5", "r9") "ldrd r2, lr, [r0], #8\n" take("r2", "r6", "r10")                       \
            take("lr", "r7", "r11")

/*   r0      address of the counts
 *   r1      the top bits
 *   r2 lr   counts
 *   r3      address of the bits
 *   r4-r7   limits
 *   r8-r11  bits; each new one enters at the top of its byte and shifts the earlier ones down
 *   r12     0
 *   stack   rows left */
__attribute__((naked)) void sbnn_attend_gather(__attribute__((unused)) const uint32_t *counts,
                                               __attribute__((unused)) uint32_t n,
                                               __attribute__((unused)) const uint32_t *limits,
                                               __attribute__((unused)) uint32_t *bits) {
    __asm volatile("push {r4-r11, lr}\n"
                   "ldm r2, {r4-r7}\n"
                   "mov r12, #0\n"
                   "subs r2, r1, #8\n"
                   "push {r2}\n"
                   "mov r1, #0x80808080\n"
                   "blt.w 2f\n"
                   "1:\n" /* eight rows */
                   ROW(FIRST) ".rept 7\n" ROW(BELOW) ".endr\n"
                                                     "stm r3!, {r8-r11}\n"
                                                     "ldr r2, [sp]\n"
                                                     "subs r2, r2, #8\n"
                                                     "str r2, [sp]\n"
                                                     "bge.w 1b\n"
                                                     "2:\n" /* the rows that are left, less eight */
                                                     "cmn r2, #8\n"
                                                     "beq.w 4f\n"
                                                     "mov r8, #0\n"
                                                     "mov r9, #0\n"
                                                     "mov r10, #0\n"
                                                     "mov r11, #0\n"
                                                     "rsb r2, r2, #0\n"
                                                     "push {r2}\n"
                                                     "3:\n" ROW(BELOW) "ldr r2, [sp, #4]\n"
                                                                       "subs r2, r2, #1\n"
                                                                       "str r2, [sp, #4]\n"
                                                                       "cmn r2, #8\n"
                                                                       "bne.w 3b\n"
                                                                       "pop {r2}\n"
                                                                       "lsr r8, r8, r2\n"
                                                                       "lsr r9, r9, r2\n"
                                                                       "lsr r10, r10, r2\n"
                                                                       "lsr r11, r11, r2\n"
                                                                       "stm r3, {r8-r11}\n"
                                                                       "4:\n"
                                                                       "add sp, sp, #4\n"
                                                                       "pop {r4-r11, pc}\n");
}
