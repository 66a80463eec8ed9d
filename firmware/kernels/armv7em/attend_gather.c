#include "attend.h"

/* A byte that is less than its limit leaves its GE flag clear, and SEL then takes its top bit from r1.
 */
#define BELOW(count, limit, bits)                                                                      \
    "usub8 " count ", " count ", " limit "\n"                                                          \
    "sel " count ", r12, r1\n"                                                                         \
    "orr " bits ", " count ", " bits ", lsr #1\n"

/*   r0      address of the counts
 *   r1      the top bits
 *   r2 lr   counts
 *   r3      rows left, then the address of the bits
 *   r4-r7   limits
 *   r8-r11  bits; each new one enters at the top of its byte and shifts the earlier ones down
 *   r12     0 */
__attribute__((naked)) void sbnn_attend_gather(__attribute__((unused)) const uint32_t *counts,
                                               __attribute__((unused)) uint32_t n,
                                               __attribute__((unused)) const uint32_t *limits,
                                               __attribute__((unused)) uint32_t *bits) {
    __asm volatile("push {r3-r11, lr}\n"
                   "ldm r2, {r4-r7}\n"
                   "mov r3, r1\n"
                   "mov r1, #0x80808080\n"
                   "mov r12, #0\n"
                   "mov r8, #0\n"
                   "mov r9, #0\n"
                   "mov r10, #0\n"
                   "mov r11, #0\n"
                   "cmp r3, #8\n"
                   "beq.w 2f\n"
                   "cmp r3, #0\n"
                   "beq.w 3f\n"
                   "rsb r12, r3, #8\n"
                   "push {r12}\n"
                   "mov r12, #0\n"
                   "1:\n"
                   "ldrd r2, lr, [r0], #8\n"                                                 /**/
                   BELOW("r2", "r4", "r8") BELOW("lr", "r5", "r9") "ldrd r2, lr, [r0], #8\n" /**/
                   BELOW("r2", "r6", "r10") BELOW("lr", "r7", "r11") "subs r3, r3, #1\n"
                                                                     "bne 1b\n"
                                                                     "pop {r3}\n"
                                                                     "lsr r8, r8, r3\n"
                                                                     "lsr r9, r9, r3\n"
                                                                     "lsr r10, r10, r3\n"
                                                                     "lsr r11, r11, r3\n"
                                                                     "b.w 3f\n"
                                                                     "2:\n"
                                                                     ".rept 8\n"
                                                                     "ldrd r2, lr, [r0], #8\n" /**/
                   BELOW("r2", "r4", "r8") BELOW("lr", "r5", "r9") "ldrd r2, lr, [r0], #8\n"   /**/
                   BELOW("r2", "r6", "r10") BELOW("lr", "r7", "r11") ".endr\n"
                                                                     "3:\n"
                                                                     "pop {r3}\n"
                                                                     "stm r3, {r8-r11}\n"
                                                                     "pop {r4-r11, pc}\n");
}
