#include "linear_mve.h"
#include "mve_ends.h"
#include "mve_grid.h"
#include "mve_sums.h"

#include <string.h>

void sbnn_mve_bits(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                   uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                   uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t words,
                   uint32_t k, uint32_t n, uint32_t b, uint32_t shift, int32_t near, const uint32_t *x,
                   const uint32_t *w, const int16_t *scales, const int16_t *residual, void *workspace,
                   uint32_t *y) {
    const mve_grid grid = {rows,        columns,        kernel_rows,   kernel_columns,
                           stride_rows, stride_columns, dilation_rows, dilation_columns,
                           first_row,   first_column,   4u * words,    (const uint8_t *)x};
    const mve_layer layer = mve_layer_of(scales, shift, k);
    const uint32_t width = kernel_rows * kernel_columns * words;
    const mve_product product = mve_product_of(w, width, k, n);
    const int16_t *const sums = workspace;
    uint8_t *const copy = (uint8_t *)workspace + mve_sums_bytes(&product);
    const uint32_t stretch = b ? b : n;
    if (b == 0u) {
        int16_t *const zeros = (int16_t *)(void *)(copy + 4u * width);
        residual = memset(zeros, 0, 2u * n);
    }
    uint16_t *to = (uint16_t *)(void *)y;
    mve_place place = mve_start(&grid);
    do {
        const uint8_t *const patch = mve_patch(&grid, &place, 0, copy);
        const uint32_t *const words_of_patch = (const uint32_t *)(const void *)patch;
        int32_t most;
        if (product.whole) {
            mve_count_whole(&product, words_of_patch, workspace);
            most = 0;
            for (uint32_t first = 0; first < n; first += stretch) {
                const int32_t now = mve_counted_bits(&layer, (int32_t)k, sums + first, residual, first,
                                                     stretch, to + first / 16u);
                most = now > most ? now : most;
            }
            if (most > near) { /* Some bits are wrong. */
                mve_sums_of_halves(workspace, n, k, workspace);
            }
        } else {
            most = mve_sums_of_parts(&product, words_of_patch, workspace);
        }
        if (!product.whole || most > near) {
            for (uint32_t first = 0; first < n; first += stretch) {
                if (most <= near) {
                    mve_near_bits(&layer, sums + first, residual, first, stretch, to + first / 16u);
                } else {
                    mve_far_bits(&layer, sums + first, residual, first, stretch, to + first / 16u);
                }
            }
        }
        to += n / 16u;
        residual += b;
    } while (mve_next(&grid, &place));
}
