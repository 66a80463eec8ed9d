#include "lookup.h"
#include "lookup_fill.h"

void sbnn_lookup_tables8(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables) {
    lookup_tables(x, stride, rows, 1, tables);
}
