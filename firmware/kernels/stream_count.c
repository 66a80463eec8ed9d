#include "stream.h"

/* Where an output's patch begins. */
typedef struct {
    int32_t row;
    int32_t column;
} start;

/* The words of a tap, as sbnn_stream_tables takes them. */
typedef struct {
    const uint32_t *x;
    uint32_t stride;
} tap;

/* Eight outputs that are neighbours in a row of the grid are read where they lie; around its border and
 * from one row to the next their words are gathered first. */
static tap find(const stream_product *product, const start *starts, uint32_t rows, int32_t down,
                int32_t across, const uint32_t *tokens[STREAM_ROWS]) {
    const start *const last = &starts[rows - 1u];
    const uint32_t *const token = stream_token(product, starts->row + down, starts->column + across);
    if (token && starts->row == last->row &&
        stream_token(product, last->row + down, last->column + across)) {
        return (tap){token, product->stride_columns * product->words};
    }
    for (uint32_t t = 0; t < rows; t++) {
        tokens[t] = stream_token(product, starts[t].row + down, starts[t].column + across);
    }
    return (tap){0, 0};
}

static void build(tap found, const uint32_t *const tokens[STREAM_ROWS], uint32_t word, uint32_t rows,
                  uint32_t *tables) {
    if (found.x) {
        sbnn_stream_tables(found.x + word, found.stride, rows, tables);
        return;
    }
    uint32_t gathered[STREAM_ROWS];
    for (uint32_t t = 0; t < rows; t++) {
        gathered[t] = tokens[t] ? tokens[t][word] : 0;
    }
    sbnn_stream_tables(gathered, 1, rows, tables);
}

stream_counts sbnn_stream_count(const stream_product *product, uint32_t first, uint32_t rows) {
    const uint32_t n = product->n;
    const uint32_t width = stream_width(product);
    const uint32_t out_columns = stream_out_columns(product);
    uint32_t *const tables = product->workspace;
    uint32_t *const sums = tables + STREAM_ENTRIES;
    uint32_t *const wide = width <= STREAM_PLAIN ? sums : sums + STREAM_COUNTS * n;
    const int is_wide = lookup_is_wide(product->k);
    const stream_counts counts = {wide, n, is_wide};
    if (rows <= product->few) {
        sbnn_stream_count_few(product, first, rows, &counts);
        return counts;
    }
    start starts[STREAM_ROWS];
    for (uint32_t t = 0; t < rows; t++) {
        const uint32_t row = (first + t) / out_columns;
        const uint32_t column = (first + t) - row * out_columns;
        starts[t].row = (int32_t)(row * product->stride_rows) + product->first_row;
        starts[t].column = (int32_t)(column * product->stride_columns) + product->first_column;
    }
    sbnn_stream_clear(sums, width <= STREAM_PLAIN ? n : 2u * n);
    const uint32_t *w = product->w;
    uint32_t left = width;
    uint32_t chunk = 0;
    for (uint32_t i = 0; i < product->kernel_rows; i++) {
        for (uint32_t j = 0; j < product->kernel_columns; j++) {
            const uint32_t *tokens[STREAM_ROWS];
            const tap found = find(product, starts, rows, (int32_t)(i * product->dilation_rows),
                                   (int32_t)(j * product->dilation_columns), tokens);
            for (uint32_t word = 0; word < product->words; word++, w += n) {
                build(found, tokens, word, rows, tables);
                const uint32_t pair = is_wide && chunk >= STREAM_CHUNK ? STREAM_COUNTS / 2u : 0u;
                sbnn_stream_add(tables, w, n, sums + pair);
                chunk++;
                left--;
                if (is_wide && (chunk == STREAM_PLAIN || left == 0u)) {
                    sbnn_stream_settle(sums, n, wide);
                    chunk = 0;
                }
            }
        }
    }
    return counts;
}
