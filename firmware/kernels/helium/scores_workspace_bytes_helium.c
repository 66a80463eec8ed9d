#include "helium.h"
#include "linear_helium.h"

/* What counting needs, then the bytes of a head's table. */
uint32_t sbnn_scores_workspace_bytes(uint32_t n, uint32_t k) {
    return sbnn_helium_workspace_bytes(n, k) + 2u * HELIUM_SCORES;
}
