#include "stream_bytes.h"

/* SMLAD adds the products of two terms, of which four pairs make a turn of the loop; the first turn has
 * those that are left over. The sums begin with what rounds them.
 *
 *   r0 r1 r2   patch, weights, end of the patch
 *   r3-r6 r12  weights of four rows, terms
 *   r7-r10     sums
 *   r11 lr     pre, place
 *   stack      patch, its end, the rest of the arguments: rows (sp + 8), the rounding (sp + 12) */
#define FOUR                                                                                           \
    "ldr r12, [r0], #4\n"                                                                              \
    "ldm r1!, {r3-r6}\n"                                                                               \
    "smlad r7, r3, r12, r7\n"                                                                          \
    "smlad r8, r4, r12, r8\n"                                                                          \
    "smlad r9, r5, r12, r9\n"                                                                          \
    "smlad r10, r6, r12, r10\n"
#define STORE(sum, at)                                                                                 \
    "asr " sum ", " sum ", r11\n"                                                                      \
    "ssat " sum ", #16, " sum "\n"                                                                     \
    "strh " sum ", [lr, #" at "]\n"

__attribute__((naked)) void sbnn_stream_sums(__attribute__((unused)) const stream_term *patch,
                                             __attribute__((unused)) const void *w,
                                             __attribute__((unused)) uint32_t terms,
                                             __attribute__((unused)) uint32_t a,
                                             __attribute__((unused)) uint32_t pre,
                                             __attribute__((unused)) uint16_t *place) {
    __asm volatile("push {r4-r11, lr}\n"
                   "ldrd r11, lr, [sp, #36]\n"
                   "add r2, r2, #1\n"
                   "bic r2, r2, #1\n"
                   "add r2, r0, r2, lsl #1\n"
                   "movs r4, #1\n"
                   "lsl r4, r4, r11\n"
                   "lsr r4, r4, #1\n"
                   "push {r0, r2, r3, r4}\n"
                   "1:\n"
                   "ldr r7, [sp, #12]\n"
                   "ldrd r0, r2, [sp]\n"
                   "mov r8, r7\n"
                   "mov r9, r7\n"
                   "mov r10, r7\n"
                   "sub r3, r2, r0\n"
                   "ubfx r3, r3, #2, #2\n"
                   "tbb [pc, r3]\n"
                   "10:\n"
                   ".byte (2f - 10b) / 2, (5f - 10b) / 2, (4f - 10b) / 2, (3f - 10b) / 2\n"
                   "2:\n" FOUR "3:\n" FOUR "4:\n" FOUR "5:\n" FOUR "cmp r0, r2\n"
                   "bne 2b\n"                                                              /**/
                   STORE("r7", "0") STORE("r8", "16") STORE("r9", "32") STORE("r10", "48") /**/
                   "add lr, lr, #64\n"
                   "ldr r3, [sp, #8]\n"
                   "subs r3, r3, #4\n"
                   "str r3, [sp, #8]\n"
                   "bgt 1b\n"
                   "add sp, sp, #16\n"
                   "pop {r4-r11, pc}\n");
}
