/* Layers of the integer stream: binary ones by table look-up, layers of bytes, and what is made of a
 * stream: bits, bytes, means and features.
 *
 * A layer reads patches of a grid of tokens: token (r, c) is at x + (r * columns + c) * words, packed
 * 32 bits per word, LSB first. The output in row R and column C of its own grid reads the taps (i, j)
 * at row R * stride_rows + first_row + i * dilation_rows, and likewise for columns; a tap outside the
 * grid reads zeros. K is 32 * words * kernel_rows * kernel_columns, or less where there is one tap: the
 * tail bits are then 0. `few` is the number of outputs, left over after blocks of eight, up to which
 * each is counted alone; it changes the speed and never a result. With the DSP extension, `factor` has
 * the other sign in all layers.
 *
 * w is [words of K][n]. The mismatches of an output are those of its patch and a column of w. `base`
 * and `factor`, [n] each, turn them into what the layer's scale and bias make of them. Sums with them
 * may wrap round, as long as the last one fits 32 bits. Only a residual may overlap an output. */
#ifndef SBNN_KERNELS_LINEAR_STREAM_H
#define SBNN_KERNELS_LINEAR_STREAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes of workspace that a layer needs. It must be 8-byte aligned; its contents need not be kept
 * between calls. */
uint32_t sbnn_stream_workspace_bytes(uint32_t n, uint32_t k);

/* Values out:
 *     h = sat16(((base[j] - mismatches * factor[j]) >> shift) + residual[t][j % b])
 *     y[t][j] = h >= 0 ? h : sat16((h * slope[j % slopes] + 4096) >> 13)
 *   slope         [slopes], 1 or n
 *   residual      [outputs][b], may be y itself if b is n; NULL if b is 0
 *   y             [outputs][n] */
void sbnn_stream_values(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                        uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                        uint32_t dilation_columns, int32_t first_row, int32_t first_column,
                        uint32_t words, uint32_t k, uint32_t few, uint32_t n, uint32_t b,
                        uint32_t slopes, uint32_t shift, const uint32_t *x, const uint32_t *w,
                        const int32_t *base, const int16_t *factor, const int16_t *slope,
                        const int16_t *residual, void *workspace, int16_t *y);

/* The same values. Rows of outputs that share rows of tokens share their tables; `open` is how many
 * rows are counted at the same time, (kernel_rows - 1) * dilation_rows / stride_rows + 1, and
 * kernel_rows is at most 8. The workspace has the tables, and for each of these rows what a block's
 * counts take. */
void sbnn_stream_image(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                       uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                       uint32_t dilation_columns, int32_t first_row, int32_t first_column,
                       uint32_t words, uint32_t k, uint32_t open, uint32_t n, uint32_t b,
                       uint32_t slopes, uint32_t shift, const uint32_t *x, const uint32_t *w,
                       const int32_t *base, const int16_t *factor, const int16_t *slope,
                       const int16_t *residual, void *workspace, int16_t *y);

/* The values or bits above for n and b that are multiples of 32; b is 0 or divides n. Tokens share the
 * tables of the weights, which are made for `height` rows of outputs at a time. K has all bits of its
 * words.
 *
 * w is [n / 32][words][kernel_rows][kernel_columns][32]. The last 32 words are the bits of a word of K,
 * of 32 channels each: bit 4 m + s is that of channel 8 s + j, where j is 0, 4, 2, 6, 1, 5, 3 and 7 for
 * m from 0 on. `constants` is [n / 2][3]: the bases of two channels, and in one word their factors with
 * the other sign, the first one in the low half. There is one slope, from -8191 to 8192. `near` is
 * whether (base[j] - mismatches * factor[j]) >> shift fits 16 bits for all mismatches.
 *
 * The workspace is 2048 bytes; for each token of `height` rows of outputs 32 bytes for every 7 words of
 * K, and of the last ones, and if there is one tap those of each 32 channels; and for each token of
 * `height` rows that is read by a row of taps, or by one tap if there are strides of columns, 32. With
 * `whole` these are the tokens of all rows from the first to the last one that the taps of `height`
 * rows read, which takes fewer instructions: of each row those of each remainder of a stride,
 * out_columns and (kernel_columns - 1) * dilation_columns / stride_columns. */
void sbnn_stream_lanes(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                       uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                       uint32_t dilation_columns, int32_t first_row, int32_t first_column,
                       uint32_t words, uint32_t height, uint32_t whole, uint32_t n, uint32_t b,
                       uint32_t near, uint32_t shift, const uint32_t *x, const uint32_t *w,
                       const uint32_t *constants, const int16_t *slope, const int16_t *residual,
                       void *workspace, int16_t *y);
void sbnn_stream_lanes_bits(uint32_t rows, uint32_t columns, uint32_t kernel_rows,
                            uint32_t kernel_columns, uint32_t stride_rows, uint32_t stride_columns,
                            uint32_t dilation_rows, uint32_t dilation_columns, int32_t first_row,
                            int32_t first_column, uint32_t words, uint32_t height, uint32_t whole,
                            uint32_t n, uint32_t b, uint32_t up, const uint32_t *x, const uint32_t *w,
                            const uint32_t *constants, const int16_t *residual, void *workspace,
                            uint32_t *y);

/* Bits out: bit j of output t is
 *     base[j] - mismatches * factor[j] + (residual[t][j % b] << up) >= 0
 *   residual      [outputs][b]; NULL if b is 0
 *   y             [outputs][n / 32]; n is a multiple of 32 */
void sbnn_stream_bits(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                      uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                      uint32_t dilation_columns, int32_t first_row, int32_t first_column,
                      uint32_t words, uint32_t k, uint32_t few, uint32_t n, uint32_t b, uint32_t up,
                      const uint32_t *x, const uint32_t *w, const int32_t *base, const int16_t *factor,
                      const int16_t *residual, void *workspace, uint32_t *y);

/* Values out of a layer of bytes: acc is the sum of products of a patch and a row of weights, and
 *     sat16((acc[t][j % a] + 2^(pre - 1)) >> pre)
 * plus 32768 is in the place of the mismatches above, or with the DSP extension the number itself.
 * Without `pre` nothing is rounded. width       bytes of a token a           rows of weights x [rows *
 * columns][width] w           groups of four rows, missing ones zeros. Each group has two words for
 * each of `terms` terms, width * taps rounded up to an even number. Without the DSP extension a word
 * has the weights of two rows, that of the second one times 65536 added to that of the first one, and
 * term by term come rows 0 and 1, then 2 and 3. With it, a word has the weights of two terms, and pair
 * by pair come rows 0 to 3. Plain ones are [a][width * taps] bytes, a half or a quarter of that, and
 * take more time workspace   16 bytes for each row of weights, up to a multiple of four rows, and 4
 * bytes for each term and one more */
void sbnn_stream_bytes(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                       uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                       uint32_t dilation_columns, int32_t first_row, int32_t first_column,
                       uint32_t width, uint32_t a, uint32_t n, uint32_t b, uint32_t slopes,
                       uint32_t pre, uint32_t shift, const int8_t *x, const uint32_t *w,
                       const int32_t *base, const int16_t *factor, const int16_t *slope,
                       const int16_t *residual, void *workspace, int16_t *y);
void sbnn_stream_bytes_plain(uint32_t rows, uint32_t columns, uint32_t kernel_rows,
                             uint32_t kernel_columns, uint32_t stride_rows, uint32_t stride_columns,
                             uint32_t dilation_rows, uint32_t dilation_columns, int32_t first_row,
                             int32_t first_column, uint32_t width, uint32_t a, uint32_t n, uint32_t b,
                             uint32_t slopes, uint32_t pre, uint32_t shift, const int8_t *x,
                             const int8_t *w, const int32_t *base, const int16_t *factor,
                             const int16_t *slope, const int16_t *residual, void *workspace,
                             int16_t *y);

/* The same with plain weights, of m tokens that are no patches; width is a multiple of 4. The workspace
 * is 16 bytes for each row of weights, up to a multiple of four rows. */
void sbnn_stream_rows_plain(uint32_t m, uint32_t width, uint32_t a, uint32_t n, uint32_t b,
                            uint32_t slopes, uint32_t pre, uint32_t shift, const int8_t *x,
                            const int8_t *w, const int32_t *base, const int16_t *factor,
                            const int16_t *slope, const int16_t *residual, void *workspace, int16_t *y);

/* Attention map of queries and keys of one word each: bit j of query i is
 * table[mismatches of query i and key j] * 65536 >= ratio * (sum of these entries over all keys).
 *
 * n is a multiple of 32, and k, the bits of a query, at most 32; the others of a word are 0. queries is
 * [heads][m], keys [heads][n], y [heads][m][n / 32]. table is [heads][k + 1]; the entries of a head do
 * not increase, and n of them have a sum below 2^32. A ratio is from 1 to 65536. The workspace is the
 * tables of a word, and 16 bytes for each key. */
void sbnn_stream_scores(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *queries,
                        const uint32_t *keys, const uint16_t *table, const int32_t *ratio,
                        void *workspace, uint32_t *y);

/* The same values for the layer of bytes of an image, with the numbers themselves in the place of the
 * mismatches, no residual, and dilations of 1. A row of taps is a multiple of four bytes, and a patch
 * of 12 terms; n is a multiple of 4. There is one slope, from -8191 to 8192.
 *
 * With the DSP extension, and in portable C, w has groups of four rows, each of which has two terms of
 * its rows in four words, pair by pair. Of four terms the first and the third one are a pair, then the
 * other two. `constants` is [n / 4][6]: four bases, then the factors, two in a word. The workspace is 2
 * bytes for each term, and the bytes that the outputs of a row read.
 *
 * On Armv6-M, and on Armv7-M without the extension, w is that of sbnn_stream_bytes, with the weights of
 * two rows in a word, and `constants` is [n][2]: a base and its factor. A row of taps has 12 terms, and
 * no sum is beyond 16 bits, once it is rounded. The workspace is 4 bytes for each that is read. */
void sbnn_stream_stem(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                      uint32_t stride_rows, uint32_t stride_columns, int32_t first_row,
                      int32_t first_column, uint32_t width, uint32_t n, uint32_t pre, uint32_t shift,
                      const int8_t *x, const uint32_t *w, const uint32_t *constants,
                      const int16_t *slope, void *workspace, int16_t *y);

/* The same values for the layer of bytes of a window, without a residual and with dilations of 1: the
 * first tap of output t is token t * stride + first. There are a rows of weights as in
 * sbnn_stream_bytes; a is a multiple of 4, and n one of a. Slopes are from -8191 to 8192.
 *
 * constants is [n][3]: base, factor and slope; the sums are plus 32768, as above. With the DSP
 * extension it is [n / 2][5]: of two channels twice the bias and one more, the scales times 2^(17 -
 * shift), and their slopes in one word; shift is then at most 17. The workspace is 16 bytes for each
 * row of weights, and 4 for each term that six neighbouring outputs read and one more; with the DSP
 * extension it is 2 for each of eight outputs. */
void sbnn_stream_window(uint32_t columns, uint32_t kernel, uint32_t stride, int32_t first,
                        uint32_t width, uint32_t a, uint32_t n, uint32_t pre, uint32_t shift,
                        const int8_t *x, const uint32_t *w, const int32_t *constants, void *workspace,
                        int16_t *y);

/* Attention: bit c of query i and a head is 2 * count - ones >= threshold[c]. `count` is the number of
 * its attended tokens whose value has that bit, `ones` that of all its attended tokens.
 *
 * There are k tokens, 32 or 64. map is [heads][m][k / 32], values [heads][k] of 32 bits, y [m][heads].
 * limits is [heads][10]: bytes of 128 - threshold, of channels 8 b + 4 + s in byte b of word s, and of
 * channels 8 b + s in byte b of word 4 + s, for thresholds of 1 - k to k; then the bits that may be 1,
 * and those that always are. The workspace is 2048 bytes, and 64 for each query and one more. */
void sbnn_stream_context(uint32_t heads, uint32_t m, uint32_t k, const uint32_t *map,
                         const uint32_t *values, const uint32_t *limits, void *workspace, uint32_t *y);

/* Threshold and pack: bit j of row t is x[t][j] >= threshold[j].
 *   k           a multiple of 32
 *   x           [m][k]; the address is a multiple of 4
 *   threshold   [k], two of int16 in a word, the first one in its low half; on Armv6-M and without
 *               the DSP extension on Armv7-M plus 32768
 *   y           [m][k / 32] */
void sbnn_stream_pack(uint32_t m, uint32_t k, const int16_t *x, const uint32_t *threshold, uint32_t *y);

/* Means of groups of tokens, whose sides are 1 or 2, rounded to the nearest integer, a half up. The
 * last group of a side may be smaller. x           [rows * columns][n] y           [groups][n]; may be
 * x itself */
void sbnn_stream_pool(uint32_t rows, uint32_t columns, uint32_t group_rows, uint32_t group_columns,
                      uint32_t n, const int16_t *x, int16_t *y);

/* Features over all tokens: the sum, the largest value, the tokens whose bit is 1.
 *   x           [m][n]; n is even, and the address a multiple of 4. For the bits [m][ceil(n / 32)], any
 * n y           [n] */
void sbnn_stream_token_sum(uint32_t m, uint32_t n, const int16_t *x, int32_t *y);
void sbnn_stream_token_max(uint32_t m, uint32_t n, const int16_t *x, int16_t *y);
void sbnn_stream_token_count(uint32_t m, uint32_t n, const uint32_t *x, int32_t *y);

/* Bytes out: y[t][j] = (a * scale[j] + bias[j]) >> shift, limited to -127 to 127. The value a is that
 * of the token and channel, or for 32 bits sat16((value + 2^(pre - 1)) >> pre), not rounded without
 * `pre`. x           [m][n]; turned it is [n][m] y           [m][n] */
void sbnn_stream_quantize16(uint32_t m, uint32_t n, uint32_t shift, const int16_t *x,
                            const int16_t *scale, const int32_t *bias, int8_t *y);
void sbnn_stream_quantize32(uint32_t m, uint32_t n, uint32_t pre, uint32_t shift, const int32_t *x,
                            const int16_t *scale, const int32_t *bias, int8_t *y);
void sbnn_stream_quantize_turned(uint32_t m, uint32_t n, uint32_t shift, const int16_t *x,
                                 const int16_t *scale, const int32_t *bias, int8_t *y);

/* Copy bytes to those of y from `first` on; x and y do not overlap. */
void sbnn_stream_move(uint32_t bytes, uint32_t first, const void *x, void *y);

/* The same of turned bytes without a sign, whose 256 results are computed once for a channel; the
 * workspace has them. */
void sbnn_stream_quantize_image(uint32_t m, uint32_t n, uint32_t shift, const uint8_t *x,
                                const int16_t *scale, const int32_t *bias, void *workspace, int8_t *y);

#ifdef __cplusplus
}
#endif

#endif
