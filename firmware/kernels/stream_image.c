#include "linear_stream.h"
#include "stream.h"

#define STREAM_TAPS 8u /* rows of taps */

/* The tables of a row of tokens serve all taps that read it: as many rows of outputs as those have are
 * counted at the same time, each in a slot. A strip is eight columns of outputs. */

/* A row of outputs that is counted. */
typedef struct {
    uint32_t *sums;
    uint32_t words; /* of K that are in the two pairs of sums */
} slot;

/* A tap that reads a row of tokens: the row of outputs that it belongs to, and its weights. */
typedef struct {
    slot *row;
    const uint32_t *w;
} reader;

/* What a strip is counted with. */
typedef struct {
    const stream_product *product;
    uint32_t first; /* column of its first output */
    uint32_t count; /* of outputs in a row, 1 to 8 */
    uint32_t open;  /* slots */
    uint32_t size;  /* words of a slot */
    slot *slots;
    int is_wide;
} strip;

/* Build the tables of a word of the strip's tokens in a row, as a tap at a distance from the first
 * column reads them; zeros where the row or a token is outside the grid. */
static void build(const strip *part, int32_t row, uint32_t across, uint32_t word, uint32_t *tables) {
    static const uint32_t zero = 0;
    const stream_product *const product = part->product;
    const int32_t step = (int32_t)product->stride_columns;
    const int32_t column = (int32_t)part->first * step + product->first_column +
                           (int32_t)(across * product->dilation_columns);
    const int32_t last = column + (int32_t)(part->count - 1u) * step;
    if ((uint32_t)row >= product->rows) {
        sbnn_stream_tables(&zero, 0, part->count, tables);
        return;
    }
    const uint32_t *const tokens =
        product->x + (uint32_t)row * product->columns * product->words + word;
    if (column >= 0 && last < (int32_t)product->columns) {
        sbnn_stream_tables(tokens + (uint32_t)column * product->words,
                           product->stride_columns * product->words, part->count, tables);
        return;
    }
    uint32_t gathered[STREAM_ROWS];
    for (uint32_t t = 0; t < part->count; t++) {
        const int32_t at = column + (int32_t)t * step;
        const int inside = at >= 0 && at < (int32_t)product->columns;
        gathered[t] = inside ? tokens[(uint32_t)at * product->words] : 0;
    }
    sbnn_stream_tables(gathered, 1, part->count, tables);
}

/* Make halfwords of a slot's sums; where there is no place for totals, they are made once. */
static void settle(const strip *part, slot *row) {
    const uint32_t n = part->product->n;
    uint32_t *const sums = row->sums;
    const uint32_t plain = part->size == STREAM_COUNTS * n;
    sbnn_stream_settle(sums, n, plain ? sums : sums + STREAM_COUNTS * n);
    row->words = 0;
}

/* Add a word of K to the counts of a row of outputs. */
static void add(const strip *part, slot *row, const uint32_t *tables, const uint32_t *w) {
    if (row->words == STREAM_PLAIN) {
        settle(part, row);
    }
    const uint32_t pair = part->is_wide && row->words >= STREAM_CHUNK ? STREAM_COUNTS / 2u : 0u;
    sbnn_stream_add(tables, w, part->product->n, row->sums + pair);
    row->words++;
}

/* The slot of a row of outputs, of which row `done` is the first one that is not complete. */
static slot *slot_of(const strip *part, uint32_t row, uint32_t done, uint32_t oldest) {
    const uint32_t place = oldest + (row - done);
    return &part->slots[place < part->open ? place : place - part->open];
}

static void make_strip(const strip *part, const stream_layer *layer) {
    const stream_product *const product = part->product;
    const uint32_t out_columns = stream_out_columns(product);
    const uint32_t out_rows = stream_outputs(product) / out_columns;
    const uint32_t stride = product->stride_rows;
    const uint32_t reach = (product->kernel_rows - 1u) * product->dilation_rows;
    const uint32_t words = product->kernel_columns * product->words; /* of a row of taps */
    uint32_t *const tables = product->workspace;
    uint32_t done = 0;
    uint32_t oldest = 0; /* the slot of row `done` */
    for (uint32_t down = 0; done < out_rows; down++) {
        reader readers[STREAM_TAPS];
        uint32_t count = 0;
        for (uint32_t i = 0; i < product->kernel_rows && i * product->dilation_rows <= down; i++) {
            const uint32_t start = down - i * product->dilation_rows;
            const uint32_t row = stride == 1u ? start : start / stride;
            if (row < out_rows && row * stride == start) {
                slot *const found = slot_of(part, row, done, oldest);
                readers[count++] = (reader){found, product->w + i * words * product->n};
                if (i == 0u) {
                    found->words = 0;
                    sbnn_stream_clear(found->sums, part->size / STREAM_COUNTS);
                }
            }
        }
        uint32_t across = 0;
        uint32_t word = 0;
        for (uint32_t at = 0; count > 0u && at < words; at++) {
            build(part, (int32_t)down + product->first_row, across, word, tables);
            for (uint32_t i = 0; i < count; i++) {
                add(part, readers[i].row, tables, readers[i].w + at * product->n);
            }
            if (++word == product->words) {
                word = 0;
                across++;
            }
        }
        if (down == done * stride + reach) {
            slot *const closed = &part->slots[oldest];
            if (part->is_wide) {
                settle(part, closed);
            }
            const uint32_t skip = part->size - STREAM_COUNTS * product->n;
            const stream_counts found = {closed->sums + skip, product->n, part->is_wide};
            sbnn_stream_block(layer, &found, done * out_columns + part->first, part->count);
            done++;
            oldest = oldest + 1u == part->open ? 0u : oldest + 1u;
        }
    }
}

void sbnn_stream_image(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                       uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                       uint32_t dilation_columns, int32_t first_row, int32_t first_column,
                       uint32_t words, uint32_t k, uint32_t open, uint32_t n, uint32_t b,
                       uint32_t slopes, uint32_t shift, const uint32_t *x, const uint32_t *w,
                       const int32_t *base, const int16_t *factor, const int16_t *slope,
                       const int16_t *residual, void *workspace, int16_t *y) {
    const stream_product product = {STREAM_GRID, k, 0, n, x, w, workspace};
    const stream_layer layer = {.base = base,
                                .factor = factor,
                                .slope = slope,
                                .n = n,
                                .b = b,
                                .slopes = slopes,
                                .shift = shift,
                                .residual = residual ? residual : stream_zero,
                                .y = y};
    const uint32_t plain = stream_width(&product) <= STREAM_PLAIN;
    const uint32_t out_columns = stream_out_columns(&product);
    slot slots[STREAM_TAPS];
    strip part = {&product,         0, 0, open, (plain ? 1u : 2u) * STREAM_COUNTS * n, slots,
                  lookup_is_wide(k)};
    for (uint32_t i = 0; i < open; i++) {
        slots[i].sums = product.workspace + STREAM_ENTRIES + i * part.size;
    }
    for (; part.first < out_columns; part.first += STREAM_ROWS) {
        const uint32_t left = out_columns - part.first;
        part.count = left < STREAM_ROWS ? left : STREAM_ROWS;
        make_strip(&part, &layer);
    }
}
