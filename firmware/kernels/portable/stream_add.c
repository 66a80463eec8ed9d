#include "stream.h"

#define HIGH 0xF0F0F0F0u

/* Three fields of 5 bits have at most 15 mismatches, which fit a nibble. */
void sbnn_stream_add(const uint32_t *tables, const uint32_t *w, uint32_t n, uint32_t *sums) {
    for (; n > 0u; n--, sums += 4) {
        const uint32_t word = *w++;
        const uint32_t first =
            tables[word & 31u] + tables[32u + (word >> 5 & 31u)] + tables[64u + (word >> 10 & 31u)];
        const uint32_t second = tables[96u + (word >> 15 & 31u)] + tables[128u + (word >> 20 & 63u)];
        const uint32_t third = tables[192u + (word >> 26)];
        sums[0] += first + second + third;
        sums[1] += ((first & HIGH) >> 4) + ((second & HIGH) >> 4) + ((third & HIGH) >> 4);
    }
}
