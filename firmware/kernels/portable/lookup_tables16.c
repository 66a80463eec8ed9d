#include "lookup.h"

/* Build the tables of rows 0 to 7 and of rows 8 to 15, and interleave their entries. The first are
 * spread from the end, so that no entry is overwritten before it is moved. */
void sbnn_lookup_tables16(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables) {
    const uint32_t first = rows < 8u ? rows : 8u;
    sbnn_lookup_tables8(x, stride, first, tables);
    for (uint32_t entry = LOOKUP_ENTRIES; entry-- > 0u;) {
        tables[2u * entry] = tables[entry];
    }
    uint32_t second[LOOKUP_ENTRIES];
    sbnn_lookup_tables8(rows > 8u ? x + 8u * stride : x, stride, rows - first, second);
    for (uint32_t entry = 0; entry < LOOKUP_ENTRIES; entry++) {
        tables[2u * entry + 1u] = second[entry];
    }
}
