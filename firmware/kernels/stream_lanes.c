#include "stream_lanes.h"
#include "linear_stream.h"

/* What a layer without a residual adds to each token of a group. */
static const int16_t zeros[LANES_GROUP];

/* What is made of the counts. */
typedef struct {
    uint32_t height;
    uint32_t whole;
    uint32_t b;
    uint32_t shift;
    int32_t slope;
    const uint32_t *constants;
    const int16_t *residual;
    uint8_t *y;
    uint32_t step_y;  /* bytes from token to token */
    uint32_t group_y; /* bytes from group to group */
} stream_output;

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
    uint32_t listed;  /* tokens of a row, or of each `classes` one of it, whose addresses are listed */
    uint32_t span;    /* rows of tokens that an output's taps read, if all are listed; otherwise 0 */
    uint32_t classes; /* with a stride, a row's tokens are listed by their remainders */
    uint32_t *tables;
    uint32_t *records;
    uint32_t *list;
    uint32_t skip;       /* words from the records to those of the next words of K */
    uint32_t groups;     /* that are counted at the same time */
    uint32_t group_skip; /* words from the records to those of the next group */
} strip;

/* List the addresses of a word of `count` rows of tokens, `step` rows apart, from a column on. */
static void list_rows(const stream_product *product, const strip *part, uint32_t down, uint32_t step,
                      uint32_t count, uint32_t across, uint32_t word, uint32_t *list) {
    int32_t row = (int32_t)(part->first * product->stride_rows + down) + product->first_row;
    for (; count > 0u;
         count--, row += (int32_t)step, list += part->classes * part->listed * LANES_FIELDS) {
        list_row(product, row, product->first_column + (int32_t)across, word, part->listed,
                 part->tables, list);
    }
}

/* Count the mismatches of some groups of channels, whose weights begin at w. Neighbouring outputs read
 * neighbouring tokens: all taps share their lists, or without memory for these, the taps of a row. */
static void count(const stream_product *product, const strip *part, const uint32_t *w) {
    const uint32_t out_columns = part->out_columns;
    const uint32_t width = stream_width(product);
    const uint32_t shared = part->span > 0u || product->stride_columns == 1u;
    const uint32_t row = part->classes * part->listed * LANES_FIELDS;
    const uint32_t step = part->span > 0u ? product->stride_rows : 1u; /* listed rows of an output */
    const uint32_t skip = (step * row - out_columns * LANES_FIELDS) * (uint32_t)sizeof *part->list;
    uint32_t counted = 0;
    uint32_t *records = part->records;
    for (uint32_t word = 0; word < product->words; word++) {
        for (uint32_t class = 0; part->span > 0u && class < part->classes; class ++) {
            list_rows(product, part, 0, 1, (part->height - 1u) * step + part->span, class, word,
                      part->list + class * part->listed * LANES_FIELDS);
        }
        for (uint32_t i = 0; i < product->kernel_rows; i++) {
            const uint32_t down = i * product->dilation_rows;
            for (uint32_t j = 0; j < product->kernel_columns; j++, w += LANES_GROUP) {
                const uint32_t across = j * product->dilation_columns;
                if (part->span == 0u && (j == 0u || !shared)) {
                    list_rows(product, part, down, product->stride_rows, part->height, across, word,
                              part->list);
                }
                const uint32_t place =
                    across % part->classes * part->listed + (shared ? across / part->classes : 0u);
                const uint32_t *const list =
                    part->list + (part->span > 0u ? down * row : 0u) + place * LANES_FIELDS;
                if (counted++ == STREAM_CHUNK) {
                    counted = 1;
                    records += part->skip;
                }
                for (uint32_t group = 0; group < part->groups; group++) {
                    sbnn_lanes_tables(w + group * width * LANES_GROUP, part->tables);
                    sbnn_lanes_add(part->tables, list, records + group * part->group_skip, out_columns,
                                   part->height, skip);
                }
            }
        }
    }
}

/* Count the mismatches of all strips and groups, and make of each what `make` does. */
static void run(const stream_product *product, const stream_output *output,
                void (*make)(const lanes_values *)) {
    const uint32_t width = stream_width(product);
    const uint32_t out_columns = stream_out_columns(product);
    const uint32_t out_rows = stream_outputs(product) / out_columns;
    const uint32_t classes = output->whole ? product->stride_columns : 1u;
    const uint32_t beside = output->whole || product->stride_columns == 1u
                                ? (product->kernel_columns - 1u) * product->dilation_columns / classes
                                : 0u;
    strip part = {.out_columns = out_columns,
                  .listed = out_columns + beside,
                  .classes = classes,
                  .span =
                      output->whole ? (product->kernel_rows - 1u) * product->dilation_rows + 1u : 0u,
                  .tables = product->workspace,
                  .skip = output->height * out_columns * LANES_RECORD};
    lanes_values values = {.shift = output->shift,
                           .slope = output->slope,
                           .step_added = output->b * 2u,
                           .step_y = output->step_y,
                           .skip = part.skip * 4u,
                           .chunks = (width + STREAM_CHUNK - 1u) / STREAM_CHUNK};
    /* Of patches all groups would take too much memory. */
    part.groups = product->kernel_rows * product->kernel_columns == 1u ? product->n / LANES_GROUP : 1u;
    part.group_skip = values.chunks * part.skip;
    part.records = part.tables + LANES_TABLES;
    part.list = part.records + part.groups * part.group_skip;
    for (; part.first < out_rows; part.first += output->height) {
        const uint32_t token = part.first * out_columns;
        const uint32_t left = out_rows - part.first;
        part.height = left < output->height ? left : output->height;
        values.tokens = part.height * out_columns;
        for (uint32_t j = 0; j < product->n;) {
            sbnn_stream_clear(part.records, part.groups * part.group_skip / STREAM_COUNTS);
            count(product, &part, product->w + j * width);
            for (uint32_t group = 0; group < part.groups; group++, j += LANES_GROUP) {
                values.records = part.records + group * part.group_skip;
                values.constants = output->constants + j / LANES_GROUP * LANES_CONSTANTS;
                values.added = output->b ? output->residual + token * output->b + j % output->b : zeros;
                values.y = output->y + token * output->step_y + j / LANES_GROUP * output->group_y;
                make(&values);
            }
        }
    }
}

void sbnn_stream_lanes(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                       uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                       uint32_t dilation_columns, int32_t first_row, int32_t first_column,
                       uint32_t words, uint32_t height, uint32_t whole, uint32_t n, uint32_t b,
                       uint32_t near, uint32_t shift, const uint32_t *x, const uint32_t *w,
                       const uint32_t *constants, const int16_t *slope, const int16_t *residual,
                       void *workspace, int16_t *y) {
    const stream_product product = {STREAM_GRID, 0, 0, n, x, w, workspace};
    const stream_output output = {.height = height,
                                  .whole = whole,
                                  .b = b,
                                  .shift = shift,
                                  .slope = *slope,
                                  .constants = constants,
                                  .residual = residual,
                                  .y = (uint8_t *)y,
                                  .step_y = n * 2u,
                                  .group_y = LANES_GROUP * 2u};
    run(&product, &output, near ? sbnn_lanes_near : sbnn_lanes_far);
}

void sbnn_stream_lanes_bits(uint32_t rows, uint32_t columns, uint32_t kernel_rows,
                            uint32_t kernel_columns, uint32_t stride_rows, uint32_t stride_columns,
                            uint32_t dilation_rows, uint32_t dilation_columns, int32_t first_row,
                            int32_t first_column, uint32_t words, uint32_t height, uint32_t whole,
                            uint32_t n, uint32_t b, uint32_t up, const uint32_t *x, const uint32_t *w,
                            const uint32_t *constants, const int16_t *residual, void *workspace,
                            uint32_t *y) {
    const stream_product product = {STREAM_GRID, 0, 0, n, x, w, workspace};
    const stream_output output = {.height = height,
                                  .whole = whole,
                                  .b = b,
                                  .slope = (int32_t)(1u << up),
                                  .constants = constants,
                                  .residual = residual,
                                  .y = (uint8_t *)y,
                                  .step_y = n / 8u,
                                  .group_y = LANES_GROUP / 8u};
    run(&product, &output, sbnn_lanes_bits);
}
