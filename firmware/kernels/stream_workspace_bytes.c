#include "linear_stream.h"
#include "stream.h"

/* The tables of one word of K, then the counts, and where two pairs of sums are too small for them,
 * their totals. */
uint32_t sbnn_stream_workspace_bytes(uint32_t n, uint32_t k) {
    const uint32_t counts = (k + 31u) / 32u <= STREAM_PLAIN ? STREAM_COUNTS : 2u * STREAM_COUNTS;
    return (STREAM_ENTRIES + n * counts) * (uint32_t)sizeof(uint32_t);
}
