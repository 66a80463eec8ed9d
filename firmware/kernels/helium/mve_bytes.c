#include "linear_mve.h"
#include "mve_ends.h"
#include "mve_grid.h"

/* Round n sums by a shift of `pre` and saturate them, in their place; return the largest magnitude.
 * VLD2 separates the even and the odd sums, and VQMOVNT puts the odd ones between the even ones. */
static int32_t round_all(const int32_t *sums, uint32_t n, uint32_t pre, int16_t *rounded) {
    int32_t most = 0;
    __asm volatile("dls lr, %[loops]\n"
                   "1:\n"
                   "vld20.32 {q0, q1}, [%[sums]]\n"
                   "vld21.32 {q0, q1}, [%[sums]]!\n"
                   "vrshl.s32 q0, %[down]\n"
                   "vrshl.s32 q1, %[down]\n"
                   "vqmovnb.s32 q0, q0\n"
                   "vqmovnt.s32 q0, q1\n"
                   "vmaxav.s16 %[most], q0\n"
                   "vstrh.16 q0, [%[rounded]], #16\n"
                   "le lr, 1b\n"
                   : [sums] "+&r"(sums), [rounded] "+&r"(rounded), [most] "+&Te"(most)
                   : [loops] "r"(n / 8u), [down] "r"(-(int32_t)pre)
                   : MVE_CLOBBERS);
    return most;
}

void sbnn_mve_bytes(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                    uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                    uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t width,
                    uint32_t a, uint32_t n, uint32_t b, uint32_t pre, uint32_t shift, int32_t near,
                    const int8_t *x, const int8_t *w, const int16_t *scales, const int16_t *residual,
                    void *workspace, int16_t *y) {
    const mve_grid grid = {rows,        columns,        kernel_rows,   kernel_columns,
                           stride_rows, stride_columns, dilation_rows, dilation_columns,
                           first_row,   first_column,   width,         (const uint8_t *)x};
    const mve_layer layer = mve_layer_of(scales, shift, 0);
    const uint32_t terms = kernel_rows * kernel_columns * width;
    const uint32_t vectors = (terms + 15u) / 16u;
    int32_t *const acc = workspace;
    int16_t *const sums = workspace;
    uint8_t *const copy = (uint8_t *)workspace + 4u * a;
    /* Neither the sums nor the residuals start again within a stretch. */
    const uint32_t stretch = b && b < a ? b : a;
    void (*const multiply)(const uint8_t *, const int8_t *, uint32_t, uint32_t, int32_t *) =
        vectors == 4u   ? sbnn_mve_dots4
        : vectors == 3u ? sbnn_mve_dots3
        : vectors == 2u ? sbnn_mve_dots2
                        : sbnn_mve_dots;
    mve_place place = mve_start(&grid);
    do {
        /* The weights of the bytes after a patch are zeros. */
        const uint8_t *const patch = mve_patch(&grid, &place, 16u * vectors - terms, copy);
        multiply(patch, w, vectors, a / 4u, acc);
        const int32_t most = round_all(acc, a, pre, sums);
        if (b > 0u) {
            for (uint32_t first = 0; first < n; first += stretch) {
                const int16_t *const from = sums + first % a;
                if (most <= near) {
                    mve_near_values(&layer, from, residual + first % b, first, stretch, y + first);
                } else {
                    mve_far_values(&layer, from, residual + first % b, first, stretch, y + first);
                }
            }
            residual += b;
        } else if (most <= near) {
            mve_near_alone(&layer, sums, a, n, y);
        } else {
            mve_far_alone(&layer, sums, a, n, y);
        }
        y += n;
    } while (mve_next(&grid, &place));
}
