/* Binary matrix products on Helium, one row after the other: for so few rows that the tables of
 * linear_helium.h do not pay.
 *
 * x is [m][ceil(k / 32)], packed 32 bits per word, LSB first, tail bits 0. m, n and k are at least 1, k
 * at most 65534. Only a residual may overlap an output. The workspace must be 8-byte aligned; its
 * contents need not be kept between calls.
 *
 * w is [n][ceil(k / 32)], likewise, if `stored` is 0. If it is 1, n is a multiple of 16, and w is in
 * the order in which it is read: for each three words of K, the last time those that are left, for each
 * 16 outputs, for i from 0 to 3, for each of these words, that of the outputs i, 4 + i, 8 + i and 12 +
 * i. */
#ifndef SBNN_KERNELS_LINEAR_BYROW_H
#define SBNN_KERNELS_LINEAR_BYROW_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes of workspace that a layer needs. */
uint32_t sbnn_byrow_workspace_bytes(uint32_t n, uint32_t k);

/* Bits out: bit j of a row of y is (mismatches of the rows of x and w) < limit[j].
 *   limit   [n], 0 to k + 1
 *   y       [m][ceil(n / 32)], tail bits 0 */
void sbnn_linear_packed_byrow(uint32_t stored, uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                              const uint32_t *w, const int32_t *limit, void *workspace, uint32_t *y);

/* Floats out: scale[j] * (float)(k - 2 * mismatches), rounded, + bias[j], rounded, + residual, rounded.
 *   residual   [m][n], may be y itself; or NULL
 *   y          [m][n] */
void sbnn_linear_float_byrow(uint32_t stored, uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                             const uint32_t *w, const float *scale, const float *bias,
                             const float *residual, void *workspace, float *y);

#ifdef __cplusplus
}
#endif

#endif
