/* The tables of a word of K from its columns. */
#ifndef SBNN_KERNELS_STREAM_FILL_H
#define SBNN_KERNELS_STREAM_FILL_H

#include <stdint.h>

/* Write STREAM_ENTRIES words. The bits of w that a field has number its entries.
 *   columns   bits 4 q to 4 q + 3 of row t are in nibble t of columns[q] */
void sbnn_stream_fill(uint32_t *tables, const uint32_t *columns);

#endif
