#include "linear_lookup.h"
#include "lookup.h"

/* The tables of two words of K, then a pair of sums (and wide counts where k needs them) for each 8
 * rows and output, in the layout of lookup_count. */
uint32_t sbnn_lookup_workspace_bytes(uint32_t lanes, uint32_t n, uint32_t k) {
    const uint32_t groups = lanes / 8u;
    const uint32_t counts = lookup_is_wide(k) ? 2u + 4u : 2u;
    return groups * (2u * LOOKUP_ENTRIES + n * counts) * (uint32_t)sizeof(uint32_t);
}
