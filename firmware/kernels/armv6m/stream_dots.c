#include "lookup_saved.h"
#include "stream_terms.h"

/* A product with a word of weights has two products of bytes in its halves. Two terms are added before
 * the halves are separated: their sum is at most 2 * 127 * 128. 32768 more makes the low half positive,
 * so that nothing is borrowed from the high one; all of them are taken off the first sums at the end.
 *
 *   r0 r1     patch, weights
 *   r2 r3     two terms, other numbers
 *   r4-r7     weights of two terms, products
 *   r8-r11    sums of the rows
 *   r12 lr    32768, end of the patch
 *   stack     address of the sums (sp) */
__attribute__((naked)) void sbnn_stream_dots(__attribute__((unused)) const stream_term *patch,
                                             __attribute__((unused)) const uint32_t *w,
                                             __attribute__((unused)) uint32_t terms,
                                             __attribute__((unused)) int32_t sums[4]) {
    __asm volatile(LOOKUP_SAVE "push {r3}\n"
                               "lsls r3, r2, #14\n"
                               "rsbs r3, r3, #0\n"
                               "mov r8, r3\n"
                               "mov r10, r3\n"
                               "movs r3, #0\n"
                               "mov r9, r3\n"
                               "mov r11, r3\n"
                               "movs r3, #1\n"
                               "lsls r3, r3, #15\n"
                               "mov r12, r3\n"
                               "lsls r2, r2, #2\n"
                               "adds r2, r0, r2\n"
                               "mov lr, r2\n"
                               "1:\n"
                               "ldm r0!, {r2, r3}\n"
                               "ldm r1!, {r4-r7}\n"
                               "muls r4, r2, r4\n"
                               "muls r5, r2, r5\n"
                               "muls r6, r3, r6\n"
                               "muls r7, r3, r7\n"
                               "adds r4, r4, r6\n"
                               "adds r5, r5, r7\n"
                               "add r4, r4, r12\n"
                               "add r5, r5, r12\n"
                               "uxth r2, r4\n"
                               "add r8, r8, r2\n"
                               "asrs r4, r4, #16\n"
                               "add r9, r9, r4\n"
                               "uxth r3, r5\n"
                               "add r10, r10, r3\n"
                               "asrs r5, r5, #16\n"
                               "add r11, r11, r5\n"
                               "cmp r0, lr\n"
                               "bne 1b\n"
                               "pop {r3}\n"
                               "mov r4, r8\n"
                               "mov r5, r9\n"
                               "mov r6, r10\n"
                               "mov r7, r11\n"
                               "stm r3!, {r4-r7}\n" LOOKUP_RETURN);
}
