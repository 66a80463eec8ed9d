/* Look-ups of 8 rows, for the two functions that do them. An entry has 4 bytes, so that one base
 * reaches the tables of both words. */
#ifndef SBNN_KERNELS_LOOKUP_ADD8_H
#define SBNN_KERNELS_LOOKUP_ADD8_H

#include "lookup_add.h"

#define LOOKUP_ONE(entry, w, first, width) *lookup_entry(base, 4 * (entry), w, first, width, 2)

/* The outer fields of a word, whose tables begin at entry `at`, as two sums of two entries. */
#define LOOKUP_ENDS(at, w)                                                                             \
    lookup_add(LOOKUP_ONE(at, w, 0, 6) + LOOKUP_ONE((at) + 64, w, 6, 6), &low, &high);                 \
    lookup_add(LOOKUP_ONE((at) + 192, w, 18, 7) + LOOKUP_ONE((at) + 320, w, 25, 7), &low, &high)

#define LOOKUP_MIDDLE(at, w) LOOKUP_ONE((at) + 128, w, 12, 6)

#endif
