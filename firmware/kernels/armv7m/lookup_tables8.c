#include "lookup.h"
#include "lookup_columns.h"

/* Three bits number the entries within a block of eight words. */
void sbnn_lookup_tables8(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables) {
    uint32_t columns[8];
    uint32_t steps[5u * LOOKUP_STEPS];
    lookup_columns(x, stride, rows, columns);
    lookup_all_steps(columns, 3, 1, steps);
    sbnn_lookup_fill8(tables, steps);
}
