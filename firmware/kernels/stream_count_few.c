#include "stream.h"

static uint32_t fields(uint32_t word) {
    const uint32_t pairs = word - (word >> 1 & 0x55555555u);
    return (pairs & 0x33333333u) + (pairs >> 2 & 0x33333333u);
}

static uint32_t popcount(uint32_t nibbles) {
    return ((nibbles & 0x0F0F0F0Fu) + (nibbles >> 4 & 0x0F0F0F0Fu)) * 0x01010101u >> 24;
}

/* The patch lies where a block has its tables; w has the words of all channels in turn. Three words
 * share the end of a count. */
static uint32_t mismatches(const uint32_t *patch, const uint32_t *w, uint32_t width, uint32_t n) {
    uint32_t count = 0;
    for (; width >= 3u; width -= 3u, patch += 3) {
        uint32_t nibbles = fields(patch[0] ^ *w);
        w += n;
        nibbles += fields(patch[1] ^ *w);
        w += n;
        nibbles += fields(patch[2] ^ *w);
        w += n;
        count += popcount(nibbles);
    }
    for (; width > 0u; width--, w += n) {
        count += popcount(fields(*patch++ ^ *w));
    }
    return count;
}

static void cut(const stream_product *product, uint32_t output, uint32_t *patch) {
    const uint32_t out_columns = stream_out_columns(product);
    const int32_t row = (int32_t)(output / out_columns * product->stride_rows) + product->first_row;
    const int32_t column =
        (int32_t)(output % out_columns * product->stride_columns) + product->first_column;
    for (uint32_t i = 0; i < product->kernel_rows; i++) {
        for (uint32_t j = 0; j < product->kernel_columns; j++, patch += product->words) {
            const uint32_t *const token =
                stream_token(product, row + (int32_t)(i * product->dilation_rows),
                             column + (int32_t)(j * product->dilation_columns));
            for (uint32_t word = 0; word < product->words; word++) {
                patch[word] = token ? token[word] : 0;
            }
        }
    }
}

void sbnn_stream_count_few(const stream_product *product, uint32_t first, uint32_t rows,
                           const stream_counts *found) {
    const uint32_t width = stream_width(product);
    const uint32_t n = product->n;
    sbnn_stream_clear(found->counts, n);
    for (uint32_t row = 0; row < rows; row++) {
        cut(product, first + row, product->workspace);
        uint32_t *sums = found->counts;
        for (uint32_t j = 0; j < n; j++, sums += STREAM_COUNTS) {
            const uint32_t count = mismatches(product->workspace, product->w + j, width, n);
            if (found->wide) {
                sums[(row & 1u) * 2u + (row >> 1 & 1u)] += count << (row / 4u * 16u);
            } else if (row & 1u) {
                /* Word 0 has the counts of odd rows too, sixteen times. */
                sums[1] += count << (row / 2u * 8u);
                sums[0] += count << (row / 2u * 8u + 4u);
            } else {
                sums[0] += count << (row / 2u * 8u);
            }
        }
    }
}
