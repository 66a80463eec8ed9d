/* The first words of K that a block of rows counts: here they are not added to the sums, but stored. */
#ifndef SBNN_KERNELS_LOOKUP_FIRST_H
#define SBNN_KERNELS_LOOKUP_FIRST_H

#include <stdint.h>

#define LOOKUP_FIRST_STORES 1 /* the sums may have any contents */

/* As sbnn_lookup_add16_pair. */
void sbnn_lookup_first16_pair(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                              uint32_t *sums);

#endif
