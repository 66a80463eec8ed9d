#include "stream_terms.h"

/* SMLAD adds the products of two terms.
 *
 *   r0 r1 r2   patch, weights, end of the patch
 *   r3-r6 r12  weights of four rows, terms
 *   r7-r10     sums
 *   lr         address of the sums */
__attribute__((naked)) void sbnn_stream_dots(__attribute__((unused)) const stream_term *patch,
                                             __attribute__((unused)) const uint32_t *w,
                                             __attribute__((unused)) uint32_t terms,
                                             __attribute__((unused)) int32_t sums[4]) {
    __asm volatile("push {r4-r10, lr}\n"
                   "add r2, r0, r2, lsl #1\n"
                   "mov lr, r3\n"
                   "movs r7, #0\n"
                   "mov r8, r7\n"
                   "mov r9, r7\n"
                   "mov r10, r7\n"
                   "1:\n"
                   "ldr r12, [r0], #4\n"
                   "ldm r1!, {r3-r6}\n"
                   "smlad r7, r3, r12, r7\n"
                   "smlad r8, r4, r12, r8\n"
                   "cmp r0, r2\n"
                   "smlad r9, r5, r12, r9\n"
                   "smlad r10, r6, r12, r10\n"
                   "bne 1b\n"
                   "stm lr, {r7-r10}\n"
                   "pop {r4-r10, pc}\n");
}
