#include "stream_bytes.h"
#include "stream_widen.h"

/* Append `count` zeros, or bytes, to a patch. */
static stream_term *zeros(stream_term *patch, uint32_t count) {
    for (; count > 0u; count--) {
        *patch++ = 0;
    }
    return patch;
}

/* Widen the bytes of a patch; a tap outside the grid is zeros, and one more term makes an odd number
 * even. Without dilation the taps of a row are neighbours: those inside the grid are one stretch. */
static void cut(const stream_product *product, const int8_t *x, uint32_t output, stream_term *patch) {
    const uint32_t out_columns = stream_out_columns(product);
    const uint32_t width = product->words;
    const int32_t row = (int32_t)(output / out_columns * product->stride_rows) + product->first_row;
    const int32_t column =
        (int32_t)(output % out_columns * product->stride_columns) + product->first_column;
    const int32_t columns = (int32_t)product->columns;
    const uint32_t near = product->dilation_columns == 1u;
    const int32_t stretch = near ? (int32_t)product->kernel_columns : 1;
    const uint32_t stretches = near ? 1u : product->kernel_columns;
    for (uint32_t i = 0; i < product->kernel_rows; i++) {
        const uint32_t r = (uint32_t)(row + (int32_t)(i * product->dilation_rows));
        int32_t first = column;
        for (uint32_t j = 0; j < stretches; j++, first += (int32_t)product->dilation_columns) {
            int32_t before = first < 0 ? -first : 0;
            int32_t after = first + stretch > columns ? first + stretch - columns : 0;
            if (r >= product->rows || before >= stretch || after >= stretch) {
                before = stretch;
                after = 0;
            }
            const uint32_t inside = (uint32_t)(stretch - before - after);
            patch = zeros(patch, (uint32_t)before * width);
            if (inside > 0u) {
                const uint32_t token = r * product->columns + (uint32_t)(first + before);
                patch = stream_widened(patch, x + token * width, inside * width);
            }
            patch = zeros(patch, (uint32_t)after * width);
        }
    }
    *patch = 0;
}

void sbnn_stream_bytes_block(const stream_product *product, const stream_layer *layer, uint32_t a,
                             uint32_t pre, const int8_t *x, const void *w, stream_sums *sums) {
    const uint32_t outputs = stream_outputs(product);
    const uint32_t terms = stream_width(product);
    uint16_t *const counts = (uint16_t *)product->workspace;
    stream_term *const patch =
        (stream_term *)(void *)(product->workspace + STREAM_COUNTS * ((a + 3u) & ~3u));
    for (uint32_t first = 0; first < outputs; first += STREAM_ROWS) {
        const uint32_t count = outputs - first < STREAM_ROWS ? outputs - first : STREAM_ROWS;
        for (uint32_t row = 0; row < count; row++) {
            cut(product, x, first + row, patch);
            sums(patch, w, terms, a, pre, stream_place(counts, row));
        }
        const stream_counts found = {product->workspace, a, 1};
        sbnn_stream_block(layer, &found, first, count);
    }
}
