#include "stream.h"

/* The comparison of numbers without a sign leaves the bit in the carry. Values lose their sign by 32768
 * more, which the thresholds have already. A high half is compared with all ones below it. A one enters
 * first, and is carried out after the last bit of a word.
 *
 *   r0-r3    values, thresholds, the values left, the address of the bits
 *   r4       bits, the first one highest
 *   r5 r6    0x80008000, 0xFFFF
 *   r7-r10   two pairs of values and of thresholds
 *   r11      a value */
#define PAIR(values, thresholds)                                                                       \
    "eor " values ", " values ", r5\n"                                                                 \
    "lsl r11, " values ", #16\n"                                                                       \
    "cmp r11, " thresholds ", lsl #16\n"                                                               \
    "adcs r4, r4\n"                                                                                    \
    "orr " values ", " values ", r6\n"                                                                 \
    "cmp " values ", " thresholds "\n"                                                                 \
    "adcs r4, r4\n"
#define TWO                                                                                            \
    "ldrd r7, r8, [r0], #8\n"                                                                          \
    "ldrd r9, r10, [r1], #8\n" PAIR("r7", "r9") PAIR("r8", "r10")

__attribute__((naked)) void sbnn_stream_pack_row(__attribute__((unused)) const int16_t *x,
                                                 __attribute__((unused)) const uint32_t *threshold,
                                                 __attribute__((unused)) uint32_t k,
                                                 __attribute__((unused)) uint32_t *y) {
    __asm volatile("push {r4-r11, lr}\n"
                   "mov r5, #0x80008000\n"
                   "movw r6, #0xFFFF\n"
                   "1:\n"
                   "movs r4, #1\n"
                   "2:\n" TWO TWO "bcc 2b\n"
                   "rbit r4, r4\n"
                   "str r4, [r3], #4\n"
                   "subs r2, r2, #32\n"
                   "bne 1b\n"
                   "pop {r4-r11, pc}\n");
}
