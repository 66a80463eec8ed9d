#include "lookup_saved.h"
#include "stream_bytes.h"

/* A product with a word of weights has two products of bytes in its halves. Two terms are added before
 * the high half is taken: their sum is at most 2 * 127 * 128. 32768 more makes the low half positive,
 * so that nothing is borrowed from the high one. An even sum is that of the words, from which 65536
 * times the odd one is taken off at the end, and the numbers added at the start.
 *
 *   r0 r1     patch, weights
 *   r2 r3     two terms, other numbers
 *   r4-r7     weights of two terms, products
 *   r8-r11    sums of the rows
 *   r12 lr    32768, end of the patch
 *   stack     the patch (sp), rows (sp + 4), what even and odd sums begin with (sp + 8, sp + 12), and
 *             above nine saved registers pre (sp + 52) and place (sp + 56) */
#define TWO                                                                                            \
    "ldm r0!, {r2, r3}\n"                                                                              \
    "ldm r1!, {r4-r7}\n"                                                                               \
    "muls r4, r2, r4\n"                                                                                \
    "muls r5, r2, r5\n"                                                                                \
    "muls r6, r3, r6\n"                                                                                \
    "muls r7, r3, r7\n"                                                                                \
    "adds r4, r4, r6\n"                                                                                \
    "adds r5, r5, r7\n"                                                                                \
    "add r4, r4, r12\n"                                                                                \
    "add r5, r5, r12\n"                                                                                \
    "add r8, r8, r4\n"                                                                                 \
    "asrs r4, r4, #16\n"                                                                               \
    "add r9, r9, r4\n"                                                                                 \
    "add r10, r10, r5\n"                                                                               \
    "asrs r5, r5, #16\n"                                                                               \
    "add r11, r11, r5\n"
/* A sum outside the range of 16 bits becomes the number of all ones or zeros nearest to it. */
#define ODD(sum) "mov r4, " sum "\n"
#define EVEN(sum, odd)                                                                                 \
    "mov r4, " odd "\n"                                                                                \
    "lsls r5, r4, #16\n"                                                                               \
    "mov r4, " sum "\n"                                                                                \
    "subs r4, r4, r5\n"
#define STORE(sum, at)                                                                                 \
    sum "asrs r4, r4, r2\n"                                                                            \
        "add r4, r4, r12\n"                                                                            \
        "lsrs r5, r4, #16\n"                                                                           \
        "beq 4f\n"                                                                                     \
        "asrs r4, r4, #31\n"                                                                           \
        "mvns r4, r4\n"                                                                                \
        "4:\n"                                                                                         \
        "strh r4, [r3, #" at "]\n"

__attribute__((naked)) void sbnn_stream_sums(__attribute__((unused)) const stream_term *patch,
                                             __attribute__((unused)) const void *w,
                                             __attribute__((unused)) uint32_t terms,
                                             __attribute__((unused)) uint32_t a,
                                             __attribute__((unused)) uint32_t pre,
                                             __attribute__((unused)) uint16_t *place) {
    __asm volatile(LOOKUP_SAVE "sub sp, #16\n"
                               "str r0, [sp]\n"
                               "str r3, [sp, #4]\n"
                               "movs r4, #1\n"
                               "adds r2, r2, r4\n"
                               "bics r2, r4\n"
                               "ldr r5, [sp, #52]\n"
                               "lsls r4, r4, r5\n"
                               "lsrs r4, r4, #1\n"
                               "str r4, [sp, #12]\n"
                               "lsls r5, r2, #14\n"
                               "subs r5, r4, r5\n"
                               "lsls r4, r4, #16\n"
                               "adds r4, r4, r5\n"
                               "str r4, [sp, #8]\n"
                               "movs r4, #1\n"
                               "lsls r4, r4, #15\n"
                               "mov r12, r4\n"
                               "lsls r2, r2, #2\n"
                               "adds r2, r0, r2\n"
                               "mov lr, r2\n"
                               "1:\n"
                               "ldr r0, [sp]\n"
                               "ldr r4, [sp, #8]\n"
                               "mov r8, r4\n"
                               "mov r10, r4\n"
                               "ldr r4, [sp, #12]\n"
                               "mov r9, r4\n"
                               "mov r11, r4\n"
                               "mov r4, lr\n"
                               "subs r4, r4, r0\n"
                               "lsls r4, r4, #28\n" /* N and C: one, or two, of four terms */
                               "bcs 7f\n"
                               "bmi 6f\n"
                               "2:\n" TWO "3:\n" TWO "5:\n" TWO "6:\n" TWO "cmp r0, lr\n"
                               "bne 2b\n"
                               "ldr r2, [sp, #52]\n"
                               "ldr r3, [sp, #56]\n" /**/
                   STORE(EVEN("r8", "r9"), "0") STORE(ODD("r9"), "16") STORE(EVEN("r10", "r11"), "32")
                       STORE(ODD("r11"), "48") /**/
                   "adds r3, #64\n"
                   "str r3, [sp, #56]\n"
                   "ldr r4, [sp, #4]\n"
                   "subs r4, #4\n"
                   "str r4, [sp, #4]\n"
                   "ble 8f\n"
                   "b 1b\n"
                   "7:\n"
                   "bmi 3b\n"
                   "b 5b\n"
                   "8:\n"
                   "add sp, #16\n" LOOKUP_RETURN);
}
