#include "stream.h"

/* The sign of a difference is the carry of its double. It enters at the lowest bit, so the last channel
 * of a word comes first; at the end the signs are inverted. */
#define SIGN                                                                                           \
    "ldrsh r4, [r0, r6]\n"                                                                             \
    "ldrsh r5, [r1, r6]\n"                                                                             \
    "subs r4, r4, r5\n"                                                                                \
    "adds r4, r4, r4\n"                                                                                \
    "adcs r7, r7\n"                                                                                    \
    "subs r6, #2\n"

/* r0 and r1 are the addresses of a word's values and thresholds, r2 the values left, r3 the address of
 * the word, r6 the distance to the channel. */
__attribute__((naked)) void sbnn_stream_pack_row(__attribute__((unused)) const int16_t *x,
                                                 __attribute__((unused)) const uint32_t *threshold,
                                                 __attribute__((unused)) uint32_t k,
                                                 __attribute__((unused)) uint32_t *y) {
    __asm volatile(".syntax unified\n"
                   "push {r4-r7, lr}\n"
                   "1:\n"
                   "movs r6, #62\n"
                   "2:\n" SIGN SIGN SIGN SIGN SIGN SIGN SIGN SIGN /**/
                   "bpl 2b\n"
                   "mvns r7, r7\n"
                   "stm r3!, {r7}\n"
                   "adds r0, #64\n"
                   "adds r1, #64\n"
                   "subs r2, #32\n"
                   "bne 1b\n"
                   "pop {r4-r7, pc}\n");
}
