/* The parts of a layer of bytes, for the functions that take its weights in one form or another. */
#ifndef SBNN_KERNELS_STREAM_BYTES_H
#define SBNN_KERNELS_STREAM_BYTES_H

#include "linear_stream.h"
#include "stream.h"
#include "stream_terms.h"

/* Store the sums of products of a patch with `a` rows of weights, see sbnn_stream_bytes, where the
 * mismatches of a row are in a binary layer. Places of missing rows of a group of four may be written.
 *   terms   one more is 0 in the patch
 *   place   of the first row of weights; those of the others are STREAM_ROWS halfwords apart */
typedef void stream_sums(const stream_term *patch, const void *w, uint32_t terms, uint32_t a,
                         uint32_t pre, uint16_t *place);
stream_sums sbnn_stream_sums;

/* The same with rows of weights that are [a][terms] bytes. */
stream_sums sbnn_stream_plain_sums;

/* Compute a layer of bytes with one of such functions. The product has a workspace and no w. */
void sbnn_stream_bytes_block(const stream_product *product, const stream_layer *layer, uint32_t a,
                             uint32_t pre, const int8_t *x, const void *w, stream_sums *sums);

/* Store the sums of products of a row of bytes with `a` rows of weights, [a][terms] bytes, likewise.
 *   terms   a multiple of 4, at least 4 */
void sbnn_stream_row_sums(const int8_t *x, const int8_t *w, uint32_t terms, uint32_t a, uint32_t pre,
                          uint16_t *place);

/* Where the sum of a row of a block and the first row of weights is, as lookup.h lays counts out. */
static inline uint16_t *stream_place(uint16_t *counts, uint32_t row) {
    return counts + ((row & 1u) * 4u + (row & 2u) + row / 4u);
}

/* Store a sum of products where the mismatches are in a binary layer. */
static inline void stream_store(uint16_t *place, int32_t sum, uint32_t pre) {
    sum = (sum + (int32_t)(1u << pre >> 1)) >> pre;
    sum = sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum;
    *place = (uint16_t)(sum + STREAM_ORIGIN);
}

#endif
