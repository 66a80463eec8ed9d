/* The parts of a product of bytes, six rows at a time. */
#ifndef SBNN_KERNELS_DENSE_H
#define SBNN_KERNELS_DENSE_H

#include <stdint.h>

#define DENSE_ROWS 6u

/* Multiply six rows with the weights of all outputs.
 *   x       for every four terms, two words of each row: terms 0 and 2 as halfwords, then 1 and 3
 *   w       [n][terms]
 *   terms   a multiple of 16
 *   sums    [n][DENSE_ROWS], written */
void sbnn_dense_sums(const uint32_t *x, const int8_t *w, uint32_t terms, uint32_t n, int32_t *sums);

/* Turn the sums of one row into floats.
 *   sums    of output 0; those of output j are at sums + j * DENSE_ROWS
 *   bias    [n], float16
 *   n       a multiple of 8 */
void sbnn_dense_scale(const int32_t *sums, const float *scale, const uint16_t *bias, uint32_t n,
                      float *y);

#endif
