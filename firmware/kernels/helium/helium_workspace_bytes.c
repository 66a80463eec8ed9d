#include "helium.h"
#include "linear_helium.h"

/* The tables of two words of K, then per output a pair of sums (32 bytes) and, where k needs them, wide
 * counts (64 bytes), in the layout of sbnn_helium_count. */
uint32_t sbnn_helium_workspace_bytes(uint32_t n, uint32_t k) {
    return HELIUM_TABLE_BYTES + n * (helium_is_wide(k) ? 96u : 32u);
}
