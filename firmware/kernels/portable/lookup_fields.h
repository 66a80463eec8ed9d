/* The five look-ups of one word of a weight row. */
#ifndef SBNN_KERNELS_LOOKUP_FIELDS_H
#define SBNN_KERNELS_LOOKUP_FIELDS_H

#include <stdint.h>

/* Add a sum of entries, whose nibbles are at most 15, to a pair of sums. */
static inline void lookup_add(uint32_t entries, uint32_t *sums) {
    sums[0] += entries;
    sums[1] += entries >> 4 & 0x0F0F0F0Fu;
}

/* Add the counts of weight word `w` to a pair of sums.
 *   tables   tables of the word, for the pair's 8 rows
 *   step     words per entry: 1, or 2 where 16 rows share a look-up */
static inline void lookup_add_word(const uint32_t *tables, uint32_t step, uint32_t w, uint32_t *sums) {
    lookup_add(tables[step * (w & 63u)] + tables[step * (64u + (w >> 6 & 63u))], sums);
    lookup_add(tables[step * (128u + (w >> 12 & 63u))], sums);
    lookup_add(tables[step * (192u + (w >> 18 & 127u))] + tables[step * (320u + (w >> 25))], sums);
}

#endif
