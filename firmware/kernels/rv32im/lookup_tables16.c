#include "lookup.h"
#include "lookup_fill.h"

/* The entries of rows 0 to 7 and of rows 8 to 15 alternate in memory. */
void sbnn_lookup_tables16(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables) {
    for (uint32_t half = 0; half < 2u; half++) {
        lookup_tables(x, stride, rows, 2, tables + half);
        x += 8u * stride;
        rows = rows > 8u ? rows - 8u : 0u;
    }
}
