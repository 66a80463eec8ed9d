#include "stream.h"

/* The comparison of numbers without a sign leaves the bit in the carry. It enters at the lowest bit, so
 * the last channel of a word comes first. Values lose their sign by 32768 more, which the thresholds
 * have already. */
#define BIT(at)                                                                                        \
    "ldrh r4, [r0, #" at "]\n"                                                                         \
    "ldrh r5, [r1, #" at "]\n"                                                                         \
    "eors r4, r6\n"                                                                                    \
    "cmp r4, r5\n"                                                                                     \
    "adcs r7, r7\n"
#define EIGHT(a, b, c, d, e, f, g, h) BIT(a) BIT(b) BIT(c) BIT(d) BIT(e) BIT(f) BIT(g) BIT(h)

/* r0 and r1 are the addresses of a word's values and thresholds, r2 the values left, r3 the address of
 * the word, r6 is 32768, and r7 the bits. */
__attribute__((naked)) void sbnn_stream_pack_row(__attribute__((unused)) const int16_t *x,
                                                 __attribute__((unused)) const uint32_t *threshold,
                                                 __attribute__((unused)) uint32_t k,
                                                 __attribute__((unused)) uint32_t *y) {
    __asm volatile(".syntax unified\n"
                   "push {r4-r7, lr}\n"
                   "movs r6, #1\n"
                   "lsls r6, r6, #15\n"
                   "1:\n"                                                /**/
                   EIGHT("62", "60", "58", "56", "54", "52", "50", "48") /**/
                   EIGHT("46", "44", "42", "40", "38", "36", "34", "32") /**/
                   EIGHT("30", "28", "26", "24", "22", "20", "18", "16") /**/
                   EIGHT("14", "12", "10", "8", "6", "4", "2", "0")      /**/
                   "stm r3!, {r7}\n"
                   "adds r0, #64\n"
                   "adds r1, #64\n"
                   "subs r2, #32\n"
                   "beq 2f\n"
                   "b 1b\n"
                   "2:\n"
                   "pop {r4-r7, pc}\n");
}
