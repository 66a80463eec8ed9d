#include "lookup.h"
#include "lookup_columns.h"

/* Two bits number the entries within a block, because a block has four words on this core. */
void sbnn_lookup_tables8(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables) {
    uint32_t columns[8];
    uint32_t steps[5u * LOOKUP_STEPS];
    lookup_columns(x, stride, rows, columns);
    lookup_all_steps(columns, 2, 1, steps);
    sbnn_lookup_fill8(tables, steps);
}
