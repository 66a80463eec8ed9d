/* Look-ups of 16 rows, for the two functions that do them. An entry has two words, of rows 0 to 7 and
 * of rows 8 to 15, so that each word's tables have a base of their own. */
#ifndef SBNN_KERNELS_LOOKUP_ADD16_H
#define SBNN_KERNELS_LOOKUP_ADD16_H

#include "lookup_add.h"

typedef struct {
    uint32_t low[2];
    uint32_t high[2];
} lookup_sums;

#define LOOKUP_TWO(base, entry, w, first, width) lookup_entry(base, 8 * (entry), w, first, width, 3)

__attribute__((always_inline)) static inline void
lookup_add_both(const uint32_t *one, const uint32_t *other, lookup_sums *to) {
    lookup_add(one[0] + other[0], &to->low[0], &to->high[0]);
    lookup_add(one[1] + other[1], &to->low[1], &to->high[1]);
}

/* The outer fields of a word as two sums of two entries. */
__attribute__((always_inline)) static inline void lookup_add_ends(const char *base, uint32_t w,
                                                                  lookup_sums *to) {
    lookup_add_both(LOOKUP_TWO(base, 0, w, 0, 6), LOOKUP_TWO(base, 64, w, 6, 6), to);
    lookup_add_both(LOOKUP_TWO(base, 192, w, 18, 7), LOOKUP_TWO(base, 320, w, 25, 7), to);
}

#define LOOKUP_MIDDLE(base, w) LOOKUP_TWO(base, 128, w, 12, 6)

#define LOOKUP_LOAD                                                                                    \
    {                                                                                                  \
        {sums[0], sums[2]}, {                                                                          \
            sums[1], sums[3]                                                                           \
        }                                                                                              \
    }
#define LOOKUP_STORE                                                                                   \
    sums[0] = found.low[0];                                                                            \
    sums[1] = found.high[0];                                                                           \
    sums[2] = found.low[1];                                                                            \
    sums[3] = found.high[1]

#endif
