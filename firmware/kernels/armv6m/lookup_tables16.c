#include "lookup.h"
#include "lookup_columns.h"

/* The steps of rows 0 to 7 and of rows 8 to 15 alternate in memory (2 words apart). One bit numbers the
 * entries within a block: a block of four words has two entries of two words. */
void sbnn_lookup_tables16(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables) {
    uint32_t columns[8];
    uint32_t steps[5u * 2u * LOOKUP_STEPS];
    for (uint32_t half = 0; half < 2u; half++) {
        lookup_columns(x, stride, rows, columns);
        lookup_all_steps(columns, 1, 2, steps + half);
        x += 8u * stride;
        rows = rows > 8u ? rows - 8u : 0u;
    }
    sbnn_lookup_fill16(tables, steps);
}
