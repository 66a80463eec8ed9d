#include "stream_terms.h"

/* A product with a word of weights has two products of bytes in its halves. Two terms are added before
 * the high half is taken: their sum is at most 2 * 127 * 128. 32768 more makes the low half positive,
 * so that nothing is borrowed from the high one. The first sums are those of the words, from which the
 * numbers added are taken off at the start, and 65536 times the second sums at the end.
 *
 *   r0 r1 r2   patch, weights, end of the patch
 *   r3-r6      weights of two terms, products
 *   r7 r12     two terms
 *   r8-r11     sums of the rows
 *   lr         32768 */
__attribute__((naked)) void sbnn_stream_dots(__attribute__((unused)) const stream_term *patch,
                                             __attribute__((unused)) const uint32_t *w,
                                             __attribute__((unused)) uint32_t terms,
                                             __attribute__((unused)) int32_t sums[4]) {
    __asm volatile("push {r3-r11, lr}\n"
                   "mov lr, #32768\n"
                   "lsl r8, r2, #14\n"
                   "add r2, r0, r2, lsl #2\n"
                   "rsb r8, r8, #0\n"
                   "mov r9, #0\n"
                   "mov r10, r8\n"
                   "mov r11, r9\n"
                   "1:\n"
                   "ldm r1!, {r3-r6}\n"
                   "ldrd r7, r12, [r0], #8\n"
                   "mla r3, r3, r7, lr\n"
                   "mla r4, r4, r7, lr\n"
                   "mla r3, r5, r12, r3\n"
                   "mla r4, r6, r12, r4\n"
                   "add r8, r8, r3\n"
                   "add r9, r9, r3, asr #16\n"
                   "add r10, r10, r4\n"
                   "add r11, r11, r4, asr #16\n"
                   "cmp r0, r2\n"
                   "bne 1b\n"
                   "pop {r3}\n"
                   "sub r8, r8, r9, lsl #16\n"
                   "sub r10, r10, r11, lsl #16\n"
                   "stm r3, {r8-r11}\n"
                   "pop {r4-r11, pc}\n");
}
