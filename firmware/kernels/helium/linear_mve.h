/* Layers of the integer stream in Helium's vectors, and the bits of a stream.
 *
 * Grid, taps and tokens are those of linear_stream.h, as are `words`, `k` and `b`. n is a multiple of
 * 16, as is b if it is not 0; for bits n is a multiple of 32.
 *
 * Weights of bits are in the order in which they are read, in groups of four outputs. Let the words of
 * K be
 *     up to 5         for each group, for each word, that of the four outputs;
 *     10, 18 or 20    for each group, for each two outputs, of each the words of whole vectors of
 *                     four, then the words that are left of both;
 *     36              the first 20, then the other 16, likewise;
 *     others          for each five words, or the last time those that are left, as for up to 5.
 * Values take the outputs as they come; bits, of each 16, the even ones before the odd ones. But where
 * words are taken in fives, values take them in the order 0 8 1 9 2 10 .. 7 15, and bits as they come.
 *
 * `scales` has for each eight outputs eight factors, eight biases and eight slopes; for bits, for each
 * 16 outputs 16 factors and 16 limits, the even ones of both before the odd ones. A sum is scaled,
 *     scaled[j] = (sum * factor[j] + 2^(shift - 1)) >> shift,
 * without the rounding if `shift` is 0. The workspace must be 8-byte aligned; its contents need not be
 * kept between calls. Weights, scales, thresholds, values and residuals must be word-aligned: VLDM
 * loads several vectors of them. Only a residual may overlap an output. */
#ifndef SBNN_KERNELS_LINEAR_MVE_H
#define SBNN_KERNELS_LINEAR_MVE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Values out, where a sum is k - 2 * the mismatches of a patch and a row of weights:
 *     h = sat16(scaled[j] + bias[j] + residual[t][j % b])
 *     y[t][j] = h >= 0 ? h : sat16((h * slope[j] + 2^14) >> 15)
 *   near        the largest magnitude of a sum up to which sum << (15 - shift), scaled[j] and
 *               scaled[j] + bias[j] fit 16 bits for all outputs; -1 if shift is above 15. It changes
 *               the speed and never a result.
 *   residual    [outputs][b], may be y itself if b is n; NULL if b is 0
 *   workspace   4 bytes for each word of a patch, and for each output 2 bytes if words are not taken
 *               in fives, else 4 up to 15 words, else 6; if b is 0, for each output 2 more
 *   y           [outputs][n] */
void sbnn_mve_values(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                     uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                     uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t words,
                     uint32_t k, uint32_t n, uint32_t b, uint32_t shift, int32_t near,
                     const uint32_t *x, const uint32_t *w, const int16_t *scales,
                     const int16_t *residual, void *workspace, int16_t *y);

/* Bits out: bit j of output t is scaled[j] + residual[t][j % b] >= limit[j], where a sum beyond 16 bits
 * counts as the nearest of them.
 *   near, residual, workspace   as above; `near` without the biases
 *   y                           [outputs][n / 32] */
void sbnn_mve_bits(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                   uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                   uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t words,
                   uint32_t k, uint32_t n, uint32_t b, uint32_t shift, int32_t near, const uint32_t *x,
                   const uint32_t *w, const int16_t *scales, const int16_t *residual, void *workspace,
                   uint32_t *y);

/* Values out of a layer of bytes. A sum is sat16((acc[t][j % a] + 2^(pre - 1)) >> pre), without the
 * rounding if `pre` is 0, where acc is the sum of products of a patch and a row of weights.
 *   width       bytes of a token
 *   a           rows of weights, a divisor of n; n, a and b are multiples of 8
 *   x           [rows * columns][width]
 *   w           for each four rows, for each 16 terms, those of the four rows in turn; of 17 to 64
 *               terms, for each row all terms. Terms that are missing in the last 16 are zeros.
 *   residual    [outputs][b]; NULL if b is 0
 *   workspace   4 bytes for each row of weights, and the terms rounded up to a multiple of 16
 *   y           [outputs][n] */
void sbnn_mve_bytes(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                    uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                    uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t width,
                    uint32_t a, uint32_t n, uint32_t b, uint32_t pre, uint32_t shift, int32_t near,
                    const int8_t *x, const int8_t *w, const int16_t *scales, const int16_t *residual,
                    void *workspace, int16_t *y);

/* BnnMatMul, then BnnIntAttentionMap: one row of bits over the keys per query.
 *   queries, keys   [heads][m][ceil(k / 32)] and [heads][n][ceil(k / 32)]; k 1 to 255
 *   table           [heads][k + 1], by the number of mismatches: the operator's table in reverse order
 *   ratio           [heads]
 *   workspace       32 + 64 * ceil(k / 32) bytes for each 16 keys
 *   y               [heads][m][ceil(n / 32)], tail bits 0 */
void sbnn_mve_scores_map(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *queries,
                         const uint32_t *keys, const uint16_t *table, const int32_t *ratio,
                         void *workspace, uint32_t *y);

/* BnnTokenCount: the number of tokens whose bit is 1.
 *   n   a multiple of 32
 *   x   [m][n / 32]
 *   y   [n] */
void sbnn_mve_token_count(uint32_t m, uint32_t n, const uint32_t *x, int32_t *y);

/* Copy bytes to y; x and y do not overlap. */
void sbnn_mve_move(uint32_t bytes, const void *x, void *y);

/* Threshold and pack: bit j of row t is x[t][j] >= threshold[j].
 *   k           a multiple of 32
 *   x           [m][k]
 *   threshold   [k], of each 16 the even ones before the odd ones
 *   y           [m][k / 32] */
void sbnn_mve_pack(uint32_t m, uint32_t k, const int16_t *x, const int16_t *threshold, uint32_t *y);

#ifdef __cplusplus
}
#endif

#endif
