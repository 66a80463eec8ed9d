#include "stream.h"

void sbnn_stream_tables(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables) {
    sbnn_lookup_tables8(x, stride, rows, tables);
}
