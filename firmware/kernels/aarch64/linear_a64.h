/* Layers of the integer stream in AArch64's vectors, the bits of a stream, and attention maps.
 *
 * Grid, taps and tokens are those of linear_stream.h, as are `words`, `k` and `b`. n is a multiple of
 * 16, as is b if it is not 0; for bits n is a multiple of 32. The residual of a token is `step` values
 * after that of the token before it: b, or 0 where all tokens share one.
 *
 * Weights of bits are in panels of 64 outputs; of those that are left, 32 are a panel, and then 16. A
 * panel has for each byte of K that byte of each of its outputs.
 *
 * `base`, `factor` and `slope` are [n] each; a slope is in Q15. Sums with base, factor and residual fit
 * 32 bits.
 * The workspace must be 16-byte aligned; its contents need not be kept between calls. Only a residual
 * may overlap an output. */
#ifndef SBNN_KERNELS_LINEAR_A64_H
#define SBNN_KERNELS_LINEAR_A64_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Values out of the mismatches of a patch and a row of weights:
 *     h = sat16((base[j] - mismatches * factor[j] + (residual[t][j % b] << shift)) >> shift)
 *     y[t][j] = h >= 0 ? h : (h * slope[j] + 2^14) >> 15
 *   shift       0 to 14
 *   residual    [outputs][b], may be y itself if b is n; NULL if b is 0
 *   workspace   264 bytes for each 7 words, and for those that are left, of each row of taps, or of
 *               each tap if dilation_columns is not 1; then the grid with zeros around it: the tokens
 *               that all patches read
 *   y           [outputs][n] */
void sbnn_a64_values(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                     uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                     uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t words,
                     uint32_t n, uint32_t b, uint32_t step, uint32_t shift, const uint32_t *x,
                     const uint8_t *w, const int32_t *base, const int16_t *factor, const int16_t *slope,
                     const int16_t *residual, void *workspace, int16_t *y);

/* Bits out: bit j of output t is
 *     base[j] - mismatches * factor[j] + (residual[t][j % b] << up) >= 0
 *   up, residual, workspace   as `shift` and others above
 *   y                         [outputs][n / 32] */
void sbnn_a64_bits(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                   uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                   uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t words,
                   uint32_t n, uint32_t b, uint32_t step, uint32_t up, const uint32_t *x,
                   const uint8_t *w, const int32_t *base, const int16_t *factor,
                   const int16_t *residual, void *workspace, uint32_t *y);

/* Values out of a layer of bytes. A sum is sat16((acc[t][j % a] + 2^(pre - 1)) >> pre), without the
 * rounding if `pre` is 0, where acc is the sum of products of a patch and a row of weights. It is in
 * the place of the mismatches above, and its product is added.
 *   width       bytes of a token
 *   a           rows of weights, a divisor of n; n, a and b are multiples of 8
 *   x           [rows * columns][width]
 *   w           for each eight rows, for each 16 terms, those of the eight rows in turn; terms that are
 *               missing in the last 16 are zeros. No weight is -128.
 *   residual    [outputs][b]; NULL if b is 0
 *   workspace   4 bytes for each row of weights, 2 * the terms rounded up to a multiple of 16, and 16;
 *               4 bytes for each row of taps, or tap if dilation_columns is not 1, rounded up to a
 *               multiple of 16; then the grid as above, and 16 bytes
 *   y           [outputs][n] */
void sbnn_a64_bytes(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                    uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                    uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t width,
                    uint32_t a, uint32_t n, uint32_t b, uint32_t step, uint32_t pre, uint32_t shift,
                    const int8_t *x, const int8_t *w, const int32_t *base, const int16_t *factor,
                    const int16_t *slope, const int16_t *residual, void *workspace, int16_t *y);

/* BnnMatMul, then BnnIntAttentionMap: one row of bits over the keys per query.
 *   queries, keys   [heads][m][ceil(k / 32)] and [heads][n][ceil(k / 32)]; k 1 to 63
 *   table           [heads][k + 1], by the number of mismatches: the operator's table in reverse order
 *   ratio           [heads]
 *   workspace       32 + 64 * ceil(k / 32) bytes for each 16 keys
 *   y               [heads][m][ceil(n / 32)], tail bits 0 */
void sbnn_a64_scores_map(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *queries,
                         const uint32_t *keys, const uint16_t *table, const int32_t *ratio,
                         void *workspace, uint32_t *y);

/* Threshold and pack: bit j of row t is x[t][j] >= threshold[j].
 *   k           a multiple of 32
 *   x           [m][k]
 *   threshold   [k]
 *   y           [m][k / 32] */
void sbnn_a64_pack(uint32_t m, uint32_t k, const int16_t *x, const int16_t *threshold, uint32_t *y);

#ifdef __cplusplus
}
#endif

#endif
