#include "lookup.h"

/* UXTAB16 adds bytes 0 and 2 of a word to two halfwords; rotated by 8 bits it adds bytes 1 and 3.
 *
 *   r0      address of the sums
 *   r1      their end
 *   r2      address of the wide counts
 *   r3 r4   a pair of sums, of which the first becomes the even counts
 *   r5-r8   wide counts
 *   r12     0 */
__attribute__((naked)) void sbnn_lookup_widen(__attribute__((unused)) uint32_t *sums,
                                              __attribute__((unused)) uint32_t pairs,
                                              __attribute__((unused)) uint32_t *wide) {
    __asm volatile("push {r4-r8, lr}\n"
                   "add r1, r0, r1, lsl #3\n"
                   "mov r12, #0\n"
                   "1:\n"
                   "ldrd r3, r4, [r0]\n"
                   "ldm r2, {r5-r8}\n"
                   "sub r3, r3, r4, lsl #4\n"
                   "uxtab16 r7, r7, r4\n"
                   "uxtab16 r8, r8, r4, ror #8\n"
                   "uxtab16 r5, r5, r3\n"
                   "uxtab16 r6, r6, r3, ror #8\n"
                   "strd r12, r12, [r0], #8\n"
                   "stm r2!, {r5-r8}\n"
                   "cmp r0, r1\n"
                   "bne 1b\n"
                   "pop {r4-r8, pc}\n");
}
