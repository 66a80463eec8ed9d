#include "stream_window.h"

/* Two channels: twice a value before it is rounded down is the high part of a product of 48 bits, so
 * that the last bit is shifted out where it is saturated. SEL goes by the signs of twice the halves.
 *
 *   r0-r2    sums, constants, values
 *   r3       end of the sums
 *   r4-r8    two bases, two factors, slopes; then the pair
 *   r9 r10   two sums
 *   r11      end of the constants
 *   r12 lr   first sum, 4096 */
#define PAIR                                                                                           \
    "ldm r1!, {r4-r8}\n"                                                                               \
    "ldrsh r9, [r0], #16\n"                                                                            \
    "ldrsh r10, [r0], #16\n"                                                                           \
    "smlawb r4, r6, r9, r4\n"                                                                          \
    "smlawb r5, r7, r10, r5\n"                                                                         \
    "ssat r4, #16, r4, asr #1\n"                                                                       \
    "ssat r5, #16, r5, asr #1\n"                                                                       \
    "pkhbt r4, r4, r5, lsl #16\n"                                                                      \
    "smlabb r5, r4, r8, lr\n"                                                                          \
    "smlatt r6, r4, r8, lr\n"                                                                          \
    "lsl r6, r6, #3\n"                                                                                 \
    "pkhtb r5, r6, r5, asr #13\n"                                                                      \
    "sadd16 r6, r4, r4\n"                                                                              \
    "sel r4, r4, r5\n"                                                                                 \
    "str r4, [r2], #4\n"

__attribute__((naked)) void sbnn_window_token(__attribute__((unused)) const stream_window *window,
                                              __attribute__((unused)) int16_t *y) {
    __asm volatile("push {r4-r11, lr}\n"
                   "mov r2, r1\n"
                   "ldrd r12, r3, [r0]\n"
                   "ldrd r1, r11, [r0, #8]\n"
                   "mov lr, #4096\n"
                   "1:\n"
                   "mov r0, r12\n"
                   "2:\n" PAIR PAIR "cmp r0, r3\n"
                   "bne 2b\n"
                   "cmp r1, r11\n"
                   "bne 1b\n"
                   "pop {r4-r11, pc}\n");
}
