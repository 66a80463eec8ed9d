#include "helium.h"
#include "linear_helium.h"

/* Tables of two words of K, then a pair of sums (and where needed its wide counts) an output: as
 * sbnn_helium_count lays them out. */
uint32_t sbnn_helium_workspace_bytes(uint32_t n, uint32_t k) {
    return HELIUM_TABLE_BYTES + n * (helium_is_wide(k) ? 96u : 32u);
}
