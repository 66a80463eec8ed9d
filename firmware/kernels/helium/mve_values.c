#include "linear_mve.h"
#include "mve_ends.h"
#include "mve_grid.h"
#include "mve_sums.h"

#include <string.h>

void sbnn_mve_values(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                     uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                     uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t words,
                     uint32_t k, uint32_t n, uint32_t b, uint32_t shift, int32_t near,
                     const uint32_t *x, const uint32_t *w, const int16_t *scales,
                     const int16_t *residual, void *workspace, int16_t *y) {
    const mve_grid grid = {rows,        columns,        kernel_rows,   kernel_columns,
                           stride_rows, stride_columns, dilation_rows, dilation_columns,
                           first_row,   first_column,   4u * words,    (const uint8_t *)x};
    const mve_layer layer = mve_layer_of(scales, shift, k);
    const uint32_t width = kernel_rows * kernel_columns * words;
    const mve_product product = mve_product_of(w, width, k, n);
    const int16_t *const sums = workspace;
    uint8_t *const copy = (uint8_t *)workspace + mve_sums_bytes(&product);
    /* All sums are near, so that nothing must look at them. */
    const int is_counted = product.whole && near >= (int32_t)k;
    const uint32_t stretch = b ? b : n;
    if (b == 0u) {
        int16_t *const zeros = (int16_t *)(void *)(copy + 4u * width);
        residual = memset(zeros, 0, 2u * n);
    }
    mve_place place = mve_start(&grid);
    do {
        const uint8_t *const patch = mve_patch(&grid, &place, 0, copy);
        const uint32_t *const words_of_patch = (const uint32_t *)(const void *)patch;
        int32_t most = 0;
        if (product.whole) {
            mve_count_whole(&product, words_of_patch, workspace);
            if (!is_counted) {
                most = mve_sums_of_halves(workspace, n, k, workspace);
            }
        } else {
            most = mve_sums_of_parts(&product, words_of_patch, workspace);
        }
        uint32_t first = 0;
        do {
            if (is_counted) {
                mve_counted_sixteens(&layer, sums + first, residual, first, stretch, y);
            } else if (most <= near) {
                mve_near_sixteens(&layer, sums + first, residual, first, stretch, y);
            } else {
                mve_far_values(&layer, sums + first, residual, first, stretch, y);
            }
            first += stretch;
            y += stretch;
        } while (first < n);
        residual += b;
    } while (mve_next(&grid, &place));
}
