/* Binary attention by table look-up: both operands of its products are activations.
 *
 * For all functions: packed 32 bits per word, LSB first, tail bits 0. All sizes are at least 1, k at
 * most 254. Nothing may overlap an output. */
#ifndef SBNN_KERNELS_LINEAR_ATTEND_H
#define SBNN_KERNELS_LINEAR_ATTEND_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes of workspace that a call with n keys (sbnn_scores_map_attend) or m queries
 * (sbnn_context_attend) and k bits needs. It must be 4-byte aligned; its contents need not be kept
 * between calls. */
uint32_t sbnn_attend_workspace_bytes(uint32_t counted, uint32_t k);

/* The attention map of every head: with agreeing = the bits that query i and key j have in common, bit
 * j of row i is (float)table[agreeing] >= ratio * (float)(sum of table[agreeing] over all keys).
 *   queries  [heads][m][ceil(k / 32)]
 *   keys     [heads][n][ceil(k / 32)]
 *   table    [heads][k + 1], 0 to 65535; the entries of a head do not decrease
 *   ratio    [heads]
 *   y        [heads][m][ceil(n / 32)], tail bits 0 */
void sbnn_scores_map_attend(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *queries,
                            const uint32_t *keys, const int32_t *table, const float *ratio,
                            void *workspace, uint32_t *y);

/* The bits of map times values, of every head: bit j of head h of row i is (mismatches of row i of p
 * and row j of v) < limit[j]. p       [heads][m][ceil(k / 32)] v       [heads][n][ceil(k / 32)] limit
 * [heads][n], 0 to k + 1 y       [m][heads][n / 32]; n is a multiple of 32 */
void sbnn_context_attend(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *p,
                         const uint32_t *v, const int32_t *limit, void *workspace, uint32_t *y);

#ifdef __cplusplus
}
#endif

#endif
