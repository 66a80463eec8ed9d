#include "stream_lanes.h"
#include "linear_stream.h"

#include <string.h>

/* What a layer without a residual adds to each token of a group. */
static const int16_t zeros[LANES_GROUP];

/* Write the addresses of a word of a row of tokens, `count` of them from a column on; those outside the
 * grid are zeros. */
static void list_row(const stream_product *product, int32_t row, int32_t column, uint32_t word,
                     uint32_t count, const uint32_t *tables, uint32_t *list) {
    static const uint32_t zero = 0;
    const int32_t step = (int32_t)product->stride_columns;
    const uint32_t inside = (uint32_t)row < product->rows;
    const uint32_t *const tokens =
        product->x + (inside ? (uint32_t)row : 0u) * product->columns * product->words;
    while (count > 0u) {
        uint32_t some = 0;
        int32_t at = column;
        if (!inside || column >= (int32_t)product->columns) {
            some = count;
        } else if (column < 0) {
            for (; some < count && at < 0; at += step) {
                some++;
            }
        }
        if (some > 0u) {
            sbnn_lanes_list(&zero, 0, some, tables, list);
        } else {
            for (; some < count && at < (int32_t)product->columns; at += step) {
                some++;
            }
            sbnn_lanes_list(tokens + (uint32_t)column * product->words + word,
                            product->stride_columns * product->words, some, tables, list);
        }
        list += some * LANES_FIELDS;
        column += (int32_t)some * step;
        count -= some;
    }
}

/* The memory of a strip: of the rows of outputs `first` to `first` + `height` - 1. */
typedef struct {
    uint32_t first;
    uint32_t height;
    uint32_t out_columns;
    uint32_t listed; /* tokens of a row whose addresses are listed */
    uint32_t *tables;
    uint32_t *records;
    uint32_t *list;
    uint32_t skip; /* words from the records to those of the next words of K */
} strip;

/* Count the mismatches of a group of channels, whose weights begin at w. */
static void count_group(const stream_product *product, const strip *part, const uint32_t *w) {
    const uint32_t out_columns = part->out_columns;
    /* Neighbouring outputs read neighbouring tokens: all taps of a row share a list. */
    const uint32_t shared = product->stride_columns == 1u;
    uint32_t counted = 0;
    uint32_t *records = part->records;
    for (uint32_t i = 0; i < product->kernel_rows; i++) {
        for (uint32_t word = 0; word < product->words; word++) {
            for (uint32_t j = 0; j < product->kernel_columns; j++, w += LANES_GROUP) {
                const uint32_t across = j * product->dilation_columns;
                for (uint32_t row = 0; row < part->height && (j == 0u || !shared); row++) {
                    list_row(product,
                             (int32_t)((part->first + row) * product->stride_rows +
                                       i * product->dilation_rows) +
                                 product->first_row,
                             product->first_column + (int32_t)across, word, part->listed, part->tables,
                             part->list + row * part->listed * LANES_FIELDS);
                }
                sbnn_lanes_tables(w, part->tables);
                if (counted++ == STREAM_CHUNK) {
                    counted = 1;
                    records += part->skip;
                }
                for (uint32_t row = 0; row < part->height; row++) {
                    sbnn_lanes_add(part->tables,
                                   part->list +
                                       (row * part->listed + (shared ? across : 0u)) * LANES_FIELDS,
                                   records + row * out_columns * LANES_RECORD, out_columns);
                }
            }
        }
    }
}

void sbnn_stream_lanes(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                       uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                       uint32_t dilation_columns, int32_t first_row, int32_t first_column,
                       uint32_t words, uint32_t height, uint32_t n, uint32_t b, uint32_t near,
                       uint32_t shift, const uint32_t *x, const uint32_t *w, const uint32_t *constants,
                       const int16_t *slope, const int16_t *residual, void *workspace, int16_t *y) {
    const stream_product product = {.rows = rows,
                                    .columns = columns,
                                    .kernel_rows = kernel_rows,
                                    .kernel_columns = kernel_columns,
                                    .stride_rows = stride_rows,
                                    .stride_columns = stride_columns,
                                    .dilation_rows = dilation_rows,
                                    .dilation_columns = dilation_columns,
                                    .first_row = first_row,
                                    .first_column = first_column,
                                    .words = words,
                                    .x = x};
    const uint32_t width = stream_width(&product);
    const uint32_t chunks = (width + STREAM_CHUNK - 1u) / STREAM_CHUNK;
    const uint32_t out_columns = stream_out_columns(&product);
    const uint32_t out_rows = stream_outputs(&product) / out_columns;
    strip part = {.out_columns = out_columns,
                  .listed = out_columns +
                            (stride_columns == 1u ? (kernel_columns - 1u) * dilation_columns : 0u),
                  .tables = workspace,
                  .skip = height * out_columns * LANES_RECORD};
    part.records = part.tables + LANES_TABLES;
    part.list = part.records + chunks * part.skip;
    for (; part.first < out_rows; part.first += height) {
        const uint32_t token = part.first * out_columns;
        const uint32_t left = out_rows - part.first;
        part.height = left < height ? left : height;
        for (uint32_t j = 0; j < n; j += LANES_GROUP) {
            memset(part.records, 0, chunks * part.skip * sizeof *part.records);
            count_group(&product, &part, w + j * width);
            const lanes_values values = {.records = part.records,
                                         .constants = constants + j / 2u * 3u,
                                         .added = b ? residual + token * b + j % b : zeros,
                                         .y = y + token * n + j,
                                         .shift = shift,
                                         .slope = *slope,
                                         .step_added = b * 2u,
                                         .step_y = n * 2u,
                                         .skip = part.skip * 4u,
                                         .chunks = chunks,
                                         .tokens = part.height * out_columns};
            (near ? sbnn_lanes_near : sbnn_lanes_far)(&values);
        }
    }
}
