#include "attend.h"
#include "attend_below.h"
#include "linear_attend.h"

#define MAX_WORDS 8u /* of a row: k is at most 254 */

/* The row of v whose bit enters a word by row t of a block. Comparing gives the top bits of bytes: the
 * four words of counts become four neighbouring bits of each byte, two blocks a whole word. */
static uint32_t channel_of(uint32_t t) {
    return attend_shift(t) + attend_word(t);
}

void sbnn_context_attend(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *p,
                         const uint32_t *v, const int32_t *limit, void *workspace, uint32_t *y) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t apart = heads * (n / 32u);
    for (uint32_t head = 0; head < heads; head++) {
        for (uint32_t block = 0; block < n / ATTEND_ROWS; block++) {
            const uint32_t first = block / 2u * 32u + block % 2u * 4u;
            uint32_t x[ATTEND_ROWS * MAX_WORDS];
            uint32_t limits[ATTEND_COUNTS] = {0};
            uint32_t *to = x;
            for (uint32_t t = 0; t < ATTEND_ROWS; t++) {
                const uint32_t channel = first + channel_of(t);
                const uint32_t *from = v + channel * words;
                limits[attend_word(t)] |= (uint32_t)limit[channel] << attend_shift(t);
                for (uint32_t *const end = to + words; to != end;) {
                    *to++ = *from++;
                    __asm("" : "+r"(from)); /* a row is too short for a call of memcpy */
                }
            }
            const uint32_t *counts = sbnn_attend_count(ATTEND_ROWS, m, k, x, p, (uint32_t *)workspace);
            uint32_t *out = y + block / 2u;
            const uint32_t *const end = counts + ATTEND_COUNTS * m;
            for (; counts != end; counts += ATTEND_COUNTS, out += apart) {
                const uint32_t bits =
                    attend_below(counts[0], limits[0]) >> 3 | attend_below(counts[1], limits[1]) >> 2 |
                    attend_below(counts[2], limits[2]) >> 1 | attend_below(counts[3], limits[3]);
                *out = block % 2u == 0u ? bits >> 4 : *out | bits;
            }
        }
        p += m * words;
        v += n * words;
        limit += n;
        y += n / 32u;
    }
}
