#include "stream_terms.h"

#define HALF 32768
#define LOW_HALF 0xFFFFu

/* A product with a word of weights has two products of bytes in its halves. Two terms are added before
 * the halves are separated: their sum is at most 2 * 127 * 128. 32768 more makes the low half positive,
 * so that nothing is borrowed from the high one; all of them are taken off the first sums at the end.
 */
void sbnn_stream_dots(const stream_term *patch, const uint32_t *w, uint32_t terms, int32_t sums[4]) {
    const stream_term *const end = patch + terms;
    uint32_t low = LOW_HALF;
    __asm("" : "+r"(low)); /* an AND with it, where the compiler would take two shifts */
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (; patch != end; patch += 2, w += 4) {
        const uint32_t first = (uint32_t)patch[0];
        const uint32_t second = (uint32_t)patch[1];
        const uint32_t left = first * w[0] + second * w[2] + HALF;
        const uint32_t right = first * w[1] + second * w[3] + HALF;
        a += (int32_t)(left & low);
        b += (int32_t)left >> 16;
        c += (int32_t)(right & low);
        d += (int32_t)right >> 16;
    }
    const int32_t added = (int32_t)(terms / 2u) * HALF;
    sums[0] = a - added;
    sums[1] = b;
    sums[2] = c - added;
    sums[3] = d;
}
