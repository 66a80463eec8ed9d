#include "stream_terms.h"

#define HALF 32768u

/* A product with a word of weights has two products of bytes in its halves. Two terms are added before
 * the high half is taken: their sum is at most 2 * 127 * 128. 32768 more makes the low half positive,
 * so that nothing is borrowed from the high one. The first sums are those of the words, from which the
 * numbers added are taken off at the end, and 65536 times the second sums.
 */
void sbnn_stream_dots(const stream_term *patch, const uint32_t *w, uint32_t terms, int32_t sums[4]) {
    const stream_term *const end = patch + terms;
    uint32_t a = 0, c = 0;
    int32_t b = 0, d = 0;
    for (; patch != end; patch += 2, w += 4) {
        const uint32_t first = (uint32_t)patch[0];
        const uint32_t second = (uint32_t)patch[1];
        const uint32_t left = first * w[0] + second * w[2] + HALF;
        const uint32_t right = first * w[1] + second * w[3] + HALF;
        a += left;
        b += (int32_t)left >> 16;
        c += right;
        d += (int32_t)right >> 16;
    }
    const uint32_t added = terms / 2u * HALF;
    sums[0] = (int32_t)(a - added - ((uint32_t)b << 16));
    sums[1] = b;
    sums[2] = (int32_t)(c - added - ((uint32_t)d << 16));
    sums[3] = d;
}
