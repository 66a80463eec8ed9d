/* The transposition of matrices of bits. */
#ifndef SBNN_KERNELS_LINEAR_TRANSPOSE_H
#define SBNN_KERNELS_LINEAR_TRANSPOSE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bit i of row j of y is bit j of row i of x, in each of `heads` matrices. Packed 32 bits per word, LSB
 * first, tail bits 0. All sizes are at least 1; k is a multiple of 8.
 *   x   [heads][m][ceil(k / 32)]
 *   y   [heads][k][ceil(m / 32)], may not overlap x */
void sbnn_transpose_bits(uint32_t heads, uint32_t m, uint32_t k, const uint32_t *x, uint32_t *y);

#ifdef __cplusplus
}
#endif

#endif
