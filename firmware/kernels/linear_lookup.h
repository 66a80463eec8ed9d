/* Binary linear layers by table look-up.
 *
 * For all functions: x is [m][ceil(k / 32)], w is [n][ceil(k / 32)], packed 32 bits per word, LSB
 * first, tail bits 0. The number after a name, and `lanes`, is that of the rows of x that share a
 * look-up; it changes the speed and the workspace but never a result. m, n and k are at least 1, k at
 * most 65534. Only a residual may overlap an output. */
#ifndef SBNN_KERNELS_LINEAR_LOOKUP_H
#define SBNN_KERNELS_LINEAR_LOOKUP_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes of workspace that a layer needs. It must be 8-byte aligned; its contents need not be kept
 * between calls. */
uint32_t sbnn_lookup_workspace_bytes(uint32_t lanes, uint32_t n, uint32_t k);

/* Bits out: bit j of a row of y is (mismatches of the rows of x and w) < limit[j].
 *   limit   [n], 0 to k + 1
 *   y       [m][ceil(n / 32)], tail bits 0 */
void sbnn_linear_packed_lookup8(uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                                const uint32_t *w, const int32_t *limit, void *workspace, uint32_t *y);
void sbnn_linear_packed_lookup16(uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                                 const uint32_t *w, const int32_t *limit, void *workspace, uint32_t *y);

/* Floats out: scale[j] * (float)(k - 2 * mismatches), rounded, + bias[j], rounded, + residual, rounded.
 *   residual   [m][n], may be y itself; or NULL
 *   y          [m][n] */
void sbnn_linear_float_lookup8(uint32_t m, uint32_t n, uint32_t k, const uint32_t *x, const uint32_t *w,
                               const float *scale, const float *bias, const float *residual,
                               void *workspace, float *y);
void sbnn_linear_float_lookup16(uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                                const uint32_t *w, const float *scale, const float *bias,
                                const float *residual, void *workspace, float *y);

#ifdef __cplusplus
}
#endif

#endif
