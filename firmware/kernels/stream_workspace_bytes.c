#include "linear_stream.h"
#include "stream.h"

/* The tables of one word of K, then for each output a pair of sums, and wide counts where k needs them.
 */
uint32_t sbnn_stream_workspace_bytes(uint32_t n, uint32_t k) {
    const uint32_t counts = lookup_is_wide(k) ? 2u + 4u : 2u;
    return (LOOKUP_ENTRIES + n * counts) * (uint32_t)sizeof(uint32_t);
}
