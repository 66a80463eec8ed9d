#include "a64.h"

#include <string.h>

a64_patches sbnn_a64_pad(const a64_grid *grid, const void *x, uint32_t copied, void *padded) {
    const uint32_t out_rows = a64_up(grid->rows, grid->stride_rows);
    const uint32_t out_columns = a64_up(grid->columns, grid->stride_columns);
    const uint32_t rows =
        (out_rows - 1u) * grid->stride_rows + (grid->kernel_rows - 1u) * grid->dilation_rows + 1u;
    const uint32_t columns = (out_columns - 1u) * grid->stride_columns +
                             (grid->kernel_columns - 1u) * grid->dilation_columns + 1u;
    const uint32_t top = (uint32_t)-grid->first_row;
    const uint32_t before = (uint32_t)-grid->first_column;
    const uint8_t *from = x;
    uint32_t line = grid->columns * grid->size;
    if (copied || top > 0u || before > 0u || rows > grid->rows || columns > grid->columns) {
        uint8_t *const to = padded;
        line = columns * grid->size;
        const uint32_t room = columns - before;
        const uint32_t bytes = (room < grid->columns ? room : grid->columns) * grid->size;
        const uint32_t end = rows - top < grid->rows ? rows - top : grid->rows;
        memset(to, 0, rows * line);
        for (uint32_t row = 0; row < end; row++) {
            memcpy(to + (row + top) * line + before * grid->size,
                   from + row * grid->columns * grid->size, bytes);
        }
        from = to;
    }
    return (a64_patches){
        from,        from,       grid->stride_columns * grid->size, grid->stride_rows * line, line,
        out_columns, out_columns};
}
