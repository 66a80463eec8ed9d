/* The outputs of a layer in turn, and their patches. */
#ifndef SBNN_KERNELS_MVE_GRID_H
#define SBNN_KERNELS_MVE_GRID_H

#include "mve.h"

/* The grid of a layer; linear_stream.h explains the fields. A token has `size` bytes. */
typedef struct {
    uint32_t rows;
    uint32_t columns;
    uint32_t kernel_rows;
    uint32_t kernel_columns;
    uint32_t stride_rows;
    uint32_t stride_columns;
    uint32_t dilation_rows;
    uint32_t dilation_columns;
    int32_t first_row;
    int32_t first_column;
    uint32_t size;
    const uint8_t *x;
} mve_grid;

/* Copy the patch whose first tap is at (row, column), with zeros for taps outside the grid and for
 * `beyond` bytes after it. */
void sbnn_mve_copy(const mve_grid *grid, int32_t row, int32_t column, uint32_t beyond, uint8_t *copy);

/* An output, and where its patch begins. */
typedef struct {
    int32_t row;
    int32_t column;
    uint32_t rows_left;
    uint32_t columns_left;
    uint32_t inside; /* patches that begin at a column below this one may be read where they lie */
} mve_place;

static inline mve_place mve_start(const mve_grid *grid) {
    mve_place place = {grid->first_row, grid->first_column, 0, 0, 0};
    place.rows_left = (grid->rows + grid->stride_rows - 1u) / grid->stride_rows;
    place.columns_left = (grid->columns + grid->stride_columns - 1u) / grid->stride_columns;
    const int is_run = grid->kernel_columns == 1u || grid->dilation_columns == 1u;
    if (is_run && grid->kernel_rows == 1u && grid->kernel_columns <= grid->columns) {
        place.inside = grid->columns - grid->kernel_columns + 1u;
    }
    return place;
}

/* Return the patch of an output: where it lies, if its taps are neighbours and `beyond` bytes after it
 * may be read, else a copy. */
static inline const uint8_t *mve_patch(const mve_grid *grid, const mve_place *place, uint32_t beyond,
                                       uint8_t *copy) {
    const uint32_t column = (uint32_t)place->column;
    const uint32_t size = grid->size;
    if (column < place->inside) {
        const uint32_t token = (uint32_t)place->row * grid->columns + column;
        if (beyond == 0u ||
            (token + grid->kernel_columns) * size + beyond <= grid->rows * grid->columns * size) {
            return grid->x + token * size;
        }
    }
    sbnn_mve_copy(grid, place->row, place->column, beyond, copy);
    return copy;
}

/* Go to the next output; return 0 after the last one. */
static inline int mve_next(const mve_grid *grid, mve_place *place) {
    place->column += (int32_t)grid->stride_columns;
    if (--place->columns_left > 0u) {
        return 1;
    }
    place->column = grid->first_column;
    place->columns_left = (grid->columns + grid->stride_columns - 1u) / grid->stride_columns;
    place->row += (int32_t)grid->stride_rows;
    return --place->rows_left > 0u;
}

#endif
