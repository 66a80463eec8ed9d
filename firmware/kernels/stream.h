/* The parts of the layers of linear_stream.h. */
#ifndef SBNN_KERNELS_STREAM_H
#define SBNN_KERNELS_STREAM_H

#include "lookup.h"
#include "stream_clear.h"
#include "stream_fields.h"

#include <stdint.h>

#define STREAM_ROWS 8u   /* outputs of a block, which share tables */
#define STREAM_COUNTS 4u /* words of the counts of a channel: two pairs of sums, or halfwords */
#define STREAM_CHUNK 7u  /* words of K whose counts fit a byte */
#define STREAM_PLAIN 14u /* words of K whose counts fit two pairs of sums */

/* The product of a layer; linear_stream.h explains the fields. */
typedef struct {
    uint32_t rows;
    uint32_t columns;
    uint32_t kernel_rows;
    uint32_t kernel_columns;
    uint32_t stride_rows;
    uint32_t stride_columns;
    uint32_t dilation_rows;
    uint32_t dilation_columns;
    int32_t first_row;
    int32_t first_column;
    uint32_t words;
    uint32_t k;
    uint32_t few;
    uint32_t n;
    const uint32_t *x;
    const uint32_t *w;
    uint32_t *workspace;
} stream_product;

/* The first fields of a product, which are arguments of its layer with the same names. */
#define STREAM_GRID                                                                                    \
    rows, columns, kernel_rows, kernel_columns, stride_rows, stride_columns, dilation_rows,            \
        dilation_columns, first_row, first_column, words

/* The counts of a block: of each channel STREAM_COUNTS words, as lookup.h lays them out; a pair of sums
 * is in the first two. */
typedef struct {
    uint32_t *counts;
    uint32_t channels;
    int wide;
} stream_counts;

/* Build the tables of one word of K, as sbnn_lookup_tables8 does, with STREAM_ENTRIES words. */
void sbnn_stream_tables(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables);

/* Add the counts of one word of K to the first pair of sums of `n` outputs.
 *   w        that word of output 0; those of the others come after it
 *   sums     STREAM_COUNTS words per output; updated */
void sbnn_stream_add(const uint32_t *tables, const uint32_t *w, uint32_t n, uint32_t *sums);

/* Make halfwords of the sums of both pairs: instead of the sums if `wide` is `sums`; otherwise they are
 * added to `wide`, which has the same layout, and the sums are cleared. */
void sbnn_stream_settle(uint32_t *sums, uint32_t n, uint32_t *wide);

/* Count the mismatches of outputs `first` to `first` + `rows` - 1 (1 to 8 of them) with all rows of w.
 * The result points into the workspace. */
stream_counts sbnn_stream_count(const stream_product *product, uint32_t first, uint32_t rows);

/* Count the same mismatches of each output alone. There are at most STREAM_ENTRIES words of K. */
void sbnn_stream_count_few(const stream_product *product, uint32_t first, uint32_t rows,
                           const stream_counts *found);

static inline uint32_t stream_out_columns(const stream_product *product) {
    return (product->columns + product->stride_columns - 1u) / product->stride_columns;
}

static inline uint32_t stream_outputs(const stream_product *product) {
    return (product->rows + product->stride_rows - 1u) / product->stride_rows *
           stream_out_columns(product);
}

static inline uint32_t stream_width(const stream_product *product) {
    return product->kernel_rows * product->kernel_columns * product->words;
}

/* The token at (row, column), or NULL outside the grid. */
static inline const uint32_t *stream_token(const stream_product *product, int32_t row, int32_t column) {
    if ((uint32_t)row >= product->rows || (uint32_t)column >= product->columns) {
        return 0;
    }
    return product->x + ((uint32_t)row * product->columns + (uint32_t)column) * product->words;
}

/* What a layer without a residual adds: with b = 0 every output reads it, or a pair of them. */
static const int16_t stream_zero[2] = {0, 0};

/* What makes values of the stream from counts, see linear_stream.h. There may be more outputs than
 * channels of counts; they are taken in turn. */
typedef struct {
    const int32_t *base;
    const int16_t *factor;
    const int16_t *slope;
    const int16_t *residual; /* stream_zero if there is none */
    int16_t *y;
    uint32_t n;
    uint32_t b;
    uint32_t slopes;
    uint32_t shift;
} stream_layer;

/* Make the values of outputs `first` to `first` + `rows` - 1, or their bits, of which n / 8 bytes go to
 * each output; `up` is then the shift. */
void sbnn_stream_bits_block(const stream_layer *layer, const stream_counts *found, uint32_t first,
                            uint32_t rows, uint8_t *y);
void sbnn_stream_block(const stream_layer *layer, const stream_counts *found, uint32_t first,
                       uint32_t rows);

/* An output channel of a block. A row's residual or value is `step` bytes before the next row's, and
 * `down` bytes, a negative number, after that of the row after the next. */
typedef struct {
    const int16_t *added; /* the residual of the last row with an even number */
    int16_t *y;           /* the value of that row; values only */
    int32_t base;
    int32_t factor;
    uint32_t shift;
    uint32_t rows; /* 1 to 8 */
    uint32_t step_added;
    uint32_t step_y; /* values only, as the next two */
    int32_t slope;
    int32_t half; /* STREAM_SLOPE_HALF */
    int32_t down_added;
    int32_t down_y; /* values only */
} stream_channel;

/* Pack one row of k values, see linear_stream.h; k is a multiple of 32. */
void sbnn_stream_pack_row(const int16_t *x, const uint32_t *threshold, uint32_t k, uint32_t *y);

#define STREAM_SLOPE_HALF 4096

/* Make the values of a channel, h = sat16((base - mismatches * factor >> shift) + added), and where h
 * is negative sat16(h * slope + 4096 >> 13). The counts of the channel are overwritten. */
void sbnn_stream_values_rows(const stream_channel *channel, uint32_t *counts);
void sbnn_stream_values_rows_wide(const stream_channel *channel, uint32_t *counts);

/* Return the signs of base - mismatches * factor + (added << shift): bit t is that of row t, 1 where
 * the sum is negative. Bits from `rows` on are 0. */
uint32_t sbnn_stream_bits_rows(const stream_channel *channel, uint32_t *counts);
uint32_t sbnn_stream_bits_rows_wide(const stream_channel *channel, uint32_t *counts);

#endif
