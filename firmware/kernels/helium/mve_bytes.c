#include "linear_mve.h"
#include "mve_ends.h"
#include "mve_grid.h"

/* Round n sums by a shift of `pre` and saturate them, in their place. VLD2 separates the even and the
 * odd sums, and VQMOVNT puts the odd ones between the even ones. */
static void round_all(const int32_t *sums, uint32_t n, uint32_t pre, int16_t *rounded) {
    __asm volatile("dls lr, %[loops]\n"
                   "1:\n"
                   "vld20.32 {q0, q1}, [%[sums]]\n"
                   "vld21.32 {q0, q1}, [%[sums]]!\n"
                   "vrshl.s32 q0, %[down]\n"
                   "vrshl.s32 q1, %[down]\n"
                   "vqmovnb.s32 q0, q0\n"
                   "vqmovnt.s32 q0, q1\n"
                   "vstrh.16 q0, [%[rounded]], #16\n"
                   "le lr, 1b\n"
                   : [sums] "+&r"(sums), [rounded] "+&r"(rounded)
                   : [loops] "r"(n / 8u), [down] "r"(-(int32_t)pre)
                   : MVE_CLOBBERS);
}

void sbnn_mve_bytes(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                    uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                    uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t width,
                    uint32_t a, uint32_t n, uint32_t b, uint32_t slopes, uint32_t pre, uint32_t shift,
                    const int8_t *x, const int8_t *w, const int16_t *scales, const int16_t *slope,
                    const int16_t *residual, void *workspace, int16_t *y) {
    const mve_grid grid = {rows,        columns,        kernel_rows,   kernel_columns,
                           stride_rows, stride_columns, dilation_rows, dilation_columns,
                           first_row,   first_column,   width,         (const uint8_t *)x};
    const mve_layer layer = {scales, slope, slopes == 8u ? 0u : 16u, 15 - (int32_t)shift,
                             -(int32_t)shift};
    const uint32_t terms = kernel_rows * kernel_columns * width;
    const uint32_t vectors = (terms + 15u) / 16u;
    int32_t *const acc = workspace;
    int16_t *const sums = workspace;
    uint8_t *const copy = (uint8_t *)workspace + 4u * a;
    /* Neither the sums nor the residuals start again within a stretch. */
    const uint32_t stretch = b && b < a ? b : a;
    mve_place place = mve_start(&grid);
    do {
        /* The weights of the bytes after a patch are zeros. */
        const uint8_t *const patch = mve_patch(&grid, &place, 16u * vectors - terms, copy);
        sbnn_mve_dots(patch, w, vectors, a / 4u, acc);
        round_all(acc, a, pre, sums);
        for (uint32_t first = 0; first < n; first += stretch, y += stretch) {
            const int16_t *const from = sums + first % a;
            if (b > 0u) {
                mve_far_values(&layer, from, residual + first % b, first, stretch, y);
            } else {
                mve_alone_values(&layer, from, 0, first, stretch, y);
            }
        }
        residual += b;
    } while (mve_next(&grid, &place));
}
