/* The parts of the layers of linear_a64.h. */
#ifndef SBNN_KERNELS_A64_H
#define SBNN_KERNELS_A64_H

#include "neon_a64.h"

#include <stdint.h>

/* The tokens of a layer; linear_a64.h explains the fields. A token has `size` bytes. */
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
} a64_grid;

/* A grid with zeros around it, in which every patch lies whole: where the next output's patch begins,
 * and the bytes from there on to that of its neighbour, and from the first in a row to the first in the
 * next row. */
typedef struct {
    const uint8_t *at;
    const uint8_t *row;
    uint32_t across;
    uint32_t down;
    uint32_t line;        /* bytes of a row of tokens */
    uint32_t out_columns; /* of outputs */
    uint32_t left;        /* outputs that are left in this row */
} a64_patches;

static inline uint32_t a64_up(uint32_t size, uint32_t by) {
    return (size + by - 1u) / by;
}

static inline uint32_t a64_outputs(const a64_grid *grid) {
    return a64_up(grid->rows, grid->stride_rows) * a64_up(grid->columns, grid->stride_columns);
}

/* The parts of a patch that lie apart: rows of taps, or taps. */
static inline uint32_t a64_parts(const a64_grid *grid) {
    return grid->kernel_rows * (grid->dilation_columns == 1u ? 1u : grid->kernel_columns);
}

static inline uint32_t a64_part_size(const a64_grid *grid) {
    return grid->size * (grid->dilation_columns == 1u ? grid->kernel_columns : 1u);
}

/* Where part number `part` of a patch begins. */
static inline uint32_t a64_part_offset(const a64_grid *grid, uint32_t line, uint32_t part) {
    const uint32_t each = grid->dilation_columns == 1u ? 1u : grid->kernel_columns;
    const uint32_t row = part / each;
    return row * grid->dilation_rows * line + (part - row * each) * grid->dilation_columns * grid->size;
}

/* The patches of x, which is copied to `padded` if a patch reads beyond it, or if `copied` is not 0. */
a64_patches sbnn_a64_pad(const a64_grid *grid, const void *x, uint32_t copied, void *padded);

/* Move on to the next output, and return where the patch of this one begins. */
static inline const uint8_t *a64_next(a64_patches *patches) {
    const uint8_t *const at = patches->at;
    patches->at += patches->across;
    if (--patches->left == 0u) {
        patches->left = patches->out_columns;
        patches->row += patches->down;
        patches->at = patches->row;
    }
    return at;
}

/* The same for `count` outputs at once. */
static inline void a64_next_tile(a64_patches *patches, uint32_t count, const uint8_t **rows) {
    if (patches->left > count) {
        const uint8_t *at = patches->at;
        patches->left -= count;
        for (uint32_t t = 0; t < count; t++, at += patches->across) {
            rows[t] = at;
        }
        patches->at = at;
        return;
    }
    for (uint32_t t = 0; t < count; t++) {
        rows[t] = a64_next(patches);
    }
}

/* Write the runs of a patch, in chunks of at most A64_CHUNK words, and return the number of chunks. */
uint32_t sbnn_a64_runs(const a64_grid *grid, uint32_t line, a64_run *runs);

#endif
