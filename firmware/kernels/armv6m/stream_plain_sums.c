#include "stream_bytes.h"

/* The sum of products with whole words of weights, of which shifts take each byte with its sign.
 *
 *   r0 r1 r2   terms, weights, the end of the terms
 *   r3         the sum
 *   r4 r5      two terms
 *   r6 r7      a word of weights, a product */
__attribute__((naked)) static int32_t dot(__attribute__((unused)) const stream_term *patch,
                                          __attribute__((unused)) const void *words,
                                          __attribute__((unused)) const stream_term *end) {
    __asm volatile(".syntax unified\n"
                   "push {r4-r7, lr}\n"
                   "movs r3, #0\n"
                   "1:\n"
                   "ldm r1!, {r6}\n"
                   "ldm r0!, {r4, r5}\n"
                   "sxtb r7, r6\n"
                   "muls r7, r4, r7\n"
                   "adds r3, r3, r7\n"
                   "lsls r7, r6, #16\n"
                   "asrs r7, r7, #24\n"
                   "muls r7, r5, r7\n"
                   "adds r3, r3, r7\n"
                   "ldm r0!, {r4, r5}\n"
                   "lsls r7, r6, #8\n"
                   "asrs r7, r7, #24\n"
                   "muls r7, r4, r7\n"
                   "adds r3, r3, r7\n"
                   "asrs r6, r6, #24\n"
                   "muls r6, r5, r6\n"
                   "adds r3, r3, r6\n"
                   "cmp r0, r2\n"
                   "bne 1b\n"
                   "movs r0, r3\n"
                   "pop {r4-r7, pc}\n");
}

/* Rows of which some begin between two words of weights are taken byte by byte. */
void sbnn_stream_plain_sums(const stream_term *patch, const void *w, uint32_t terms, uint32_t a,
                            uint32_t pre, uint16_t *place) {
    const int8_t *weight = w;
    for (; a > 0u; a--, place += STREAM_ROWS) {
        uint32_t fours = ((uintptr_t)weight & 3u) == 0u ? terms & ~3u : 0u;
        int32_t sum = fours != 0u ? dot(patch, weight, patch + fours) : 0;
        for (; fours < terms; fours++) {
            sum += patch[fours] * weight[fours];
        }
        weight += terms;
        stream_store(place, sum, pre);
    }
}
