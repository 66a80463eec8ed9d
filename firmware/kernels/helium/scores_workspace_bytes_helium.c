#include "helium.h"
#include "linear_helium.h"

/* The workspace of sbnn_helium_count, then the two byte tables of a head. */
uint32_t sbnn_scores_workspace_bytes(uint32_t n, uint32_t k) {
    return sbnn_helium_workspace_bytes(n, k) + 2u * HELIUM_SCORES;
}
