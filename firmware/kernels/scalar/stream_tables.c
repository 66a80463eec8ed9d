#include "lookup_columns.h"
#include "stream.h"
#include "stream_fill.h"

void sbnn_stream_tables(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables) {
    uint32_t columns[8];
    lookup_columns(x, stride, rows, columns);
    sbnn_stream_fill(tables, columns);
}
