#include "dense.h"

/* Two rows: four terms of each. */
#define ROWS(a, b)                                                                                     \
    "ldm r0!, {r2, r3, r12, lr}\n"                                                                     \
    "smlad " a ", r2, r10, " a "\n"                                                                    \
    "smlad " b ", r12, r10, " b "\n"                                                                   \
    "smlad " a ", r3, r11, " a "\n"                                                                    \
    "smlad " b ", lr, r11, " b "\n"
#define FOUR_TERMS                                                                                     \
    "ldr r11, [r1], #4\n"                                                                              \
    "sxtb16 r10, r11\n"                                                                                \
    "sxtb16 r11, r11, ror #8\n" ROWS("r4", "r5") ROWS("r6", "r7") ROWS("r8", "r9")

/*   r0       address of the rows
 *   r1       address of the weights
 *   r2 r3 r12 lr   terms
 *   r4-r9    sums
 *   r10 r11  weights: terms 0 and 2, then 1 and 3
 *   stack    first and last address of the rows, address of the sums, their end */
__attribute__((naked)) void sbnn_dense_sums(__attribute__((unused)) const uint32_t *x,
                                            __attribute__((unused)) const int8_t *w,
                                            __attribute__((unused)) uint32_t terms,
                                            __attribute__((unused)) uint32_t n,
                                            __attribute__((unused)) int32_t *sums) {
    __asm volatile("push {r4-r11, lr}\n"
                   "ldr r5, [sp, #36]\n" /* the fifth argument: above 9 saved registers */
                   "add r6, r3, r3, lsl #1\n"
                   "add r6, r5, r6, lsl #3\n" /* 24 bytes of sums for each output */
                   "add r4, r2, r2, lsl #1\n"
                   "add r4, r0, r4, lsl #2\n" /* 12 bytes of rows for each term */
                   "mov r3, r0\n"
                   "push {r3-r6}\n"
                   "1:\n"
                   "mov r4, #0\n"
                   "mov r5, #0\n"
                   "mov r6, #0\n"
                   "mov r7, #0\n"
                   "mov r8, #0\n"
                   "mov r9, #0\n"
                   "2:\n" FOUR_TERMS FOUR_TERMS FOUR_TERMS FOUR_TERMS "ldr r2, [sp, #4]\n"
                   "cmp r0, r2\n"
                   "bne.w 2b\n"
                   "ldrd r2, r3, [sp, #8]\n"
                   "stm r2!, {r4-r9}\n"
                   "str r2, [sp, #8]\n"
                   "ldr r0, [sp]\n"
                   "cmp r2, r3\n"
                   "bne.w 1b\n"
                   "add sp, sp, #16\n"
                   "pop {r4-r11, pc}\n");
}
