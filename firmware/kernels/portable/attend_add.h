/* The six look-ups of one word, for 16 rows. */
#ifndef SBNN_KERNELS_ATTEND_ADD_H
#define SBNN_KERNELS_ATTEND_ADD_H

#include "attend.h"

#define ATTEND_NIBBLES 0x0F0F0F0Fu

/* Add a sum of entries, whose nibbles are at most 15, to counts. */
static inline void attend_sum(uint32_t entries, uint32_t *counts) {
    counts[0] += entries & ATTEND_NIBBLES;
    counts[1] += entries >> 4 & ATTEND_NIBBLES;
}

/* Add the counts of a word to those of 16 rows. */
static inline void attend_add(const uint32_t *tables, uint32_t word, uint32_t *counts) {
    for (uint32_t half = 0; half < 2u; half++, tables++, counts += 2) {
        attend_sum(tables[2u * (word & 31u)] + tables[2u * (32u + (word >> 5 & 31u))] +
                       tables[2u * (64u + (word >> 10 & 31u))],
                   counts);
        attend_sum(tables[2u * (96u + (word >> 15 & 31u))] + tables[2u * (128u + (word >> 20 & 63u))],
                   counts);
        attend_sum(tables[2u * (192u + (word >> 26))], counts);
    }
}

#endif
