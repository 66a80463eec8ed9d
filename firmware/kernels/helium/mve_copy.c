#include "mve_grid.h"

/* Loops with tail predication: the last vector may have fewer bytes, and none are no turn. */
static inline uint8_t *copy_bytes(uint8_t *to, const uint8_t *from, uint32_t bytes) {
    uint8_t *const end = to + bytes;
    __asm volatile("wlstp.8 lr, %[bytes], 2f\n"
                   "1:\n"
                   "vldrb.u8 q0, [%[from]], #16\n"
                   "vstrb.8 q0, [%[to]], #16\n"
                   "letp lr, 1b\n"
                   "2:\n"
                   : [to] "+&r"(to), [from] "+&r"(from)
                   : [bytes] "r"(bytes)
                   : "lr", "memory", "q0");
    return end;
}

static inline uint8_t *clear_bytes(uint8_t *to, uint32_t bytes) {
    uint8_t *const end = to + bytes;
    __asm volatile("vmov.i32 q0, #0\n"
                   "wlstp.8 lr, %[bytes], 2f\n"
                   "1:\n"
                   "vstrb.8 q0, [%[to]], #16\n"
                   "letp lr, 1b\n"
                   "2:\n"
                   : [to] "+&r"(to)
                   : [bytes] "r"(bytes)
                   : "lr", "memory", "q0");
    return end;
}

static inline uint32_t least(uint32_t left, uint32_t right) {
    return left < right ? left : right;
}

/* Taps that are neighbours are copied at once, between those outside the grid on either side. */
static uint8_t *copy_run(const mve_grid *grid, const uint8_t *line, int32_t column, uint8_t *to) {
    const uint32_t taps = grid->kernel_columns;
    const uint32_t before = least(column < 0 ? (uint32_t)-column : 0u, taps);
    const uint32_t first = (uint32_t)(column + (int32_t)before);
    const uint32_t there = first < grid->columns ? least(grid->columns - first, taps - before) : 0u;
    if (before > 0u) {
        to = clear_bytes(to, before * grid->size);
    }
    to = copy_bytes(to, line + first * grid->size, there * grid->size);
    if (before + there < taps) {
        to = clear_bytes(to, (taps - before - there) * grid->size);
    }
    return to;
}

static uint8_t *copy_taps(const mve_grid *grid, const uint8_t *line, int32_t column, uint8_t *to) {
    for (uint32_t j = 0; j < grid->kernel_columns; j++) {
        const uint32_t c = (uint32_t)column + j * grid->dilation_columns;
        to = c < grid->columns ? copy_bytes(to, line + c * grid->size, grid->size)
                               : clear_bytes(to, grid->size);
    }
    return to;
}

/* Whether `taps` at distances of `dilation` from `first` on are all below `size`. */
static inline int is_inside(int32_t first, uint32_t taps, uint32_t dilation, uint32_t size) {
    const uint32_t span = (taps - 1u) * dilation;
    return span < size && (uint32_t)first < size - span;
}

void sbnn_mve_copy(const mve_grid *grid, int32_t row, int32_t column, uint32_t beyond, uint8_t *copy) {
    const uint32_t bytes = grid->columns * grid->size;
    const int is_run = grid->kernel_columns == 1u || grid->dilation_columns == 1u;
    uint32_t r = (uint32_t)row;
    if (is_run && is_inside(column, grid->kernel_columns, 1, grid->columns) &&
        is_inside(row, grid->kernel_rows, grid->dilation_rows, grid->rows)) {
        const uint8_t *from = grid->x + r * bytes + (uint32_t)column * grid->size;
        const uint32_t some = grid->kernel_columns * grid->size;
        const uint32_t step = grid->dilation_rows * bytes;
        for (uint32_t i = grid->kernel_rows; i > 0u; i--) {
            copy = copy_bytes(copy, from, some);
            from += step;
        }
        clear_bytes(copy, beyond);
        return;
    }
    for (uint32_t i = grid->kernel_rows; i > 0u; i--) {
        const uint8_t *const line = grid->x + r * bytes;
        if (r >= grid->rows) {
            copy = clear_bytes(copy, grid->kernel_columns * grid->size);
        } else if (is_run) {
            copy = copy_run(grid, line, column, copy);
        } else {
            copy = copy_taps(grid, line, column, copy);
        }
        r += grid->dilation_rows;
    }
    clear_bytes(copy, beyond);
}
