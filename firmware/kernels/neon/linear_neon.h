/* Binary linear layers by NEON: XOR, count the ones in each byte, add.
 *
 * x is [m][ceil(k / 32)], w is [n][ceil(k / 32)], packed 32 bits per word, LSB first, tail bits 0. If
 * `panels` is 1, n is a multiple of 64, and w has for each 64 outputs, for each byte of K, that byte of
 * each output. m, n and k are at least 1, k at most 65534. Only a residual may overlap an output. */
#ifndef SBNN_KERNELS_LINEAR_NEON_H
#define SBNN_KERNELS_LINEAR_NEON_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes of workspace that a layer needs. It must be 16-byte aligned; its contents need not be kept
 * between calls. */
uint32_t sbnn_neon_workspace_bytes(uint32_t k);

/* Bits out: bit j of a row of y is (mismatches of the rows of x and w) < limit[j].
 *   limit   [n], 0 to k + 1
 *   y       [m][ceil(n / 32)], tail bits 0 */
void sbnn_linear_packed_neon(uint32_t panels, uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                             const uint32_t *w, const int32_t *limit, void *workspace, uint32_t *y);

/* Floats out: scale[j] * (float)(k - 2 * mismatches), rounded, + bias[j], rounded, + residual, rounded.
 *   residual   [m][n], may be y itself; or NULL
 *   y          [m][n] */
void sbnn_linear_float_neon(uint32_t panels, uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                            const uint32_t *w, const float *scale, const float *bias,
                            const float *residual, void *workspace, float *y);

#ifdef __cplusplus
}
#endif

#endif
