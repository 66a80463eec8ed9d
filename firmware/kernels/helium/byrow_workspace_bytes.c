#include "byrow.h"
#include "linear_byrow.h"

/* What sbnn_byrow_panel divides: the weights of a panel follow what all outputs need, or those of a
 * panel if they are not stored. */
uint32_t sbnn_byrow_workspace_bytes(uint32_t n, uint32_t k) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t all = (n + BYROW_GROUP - 1u) / BYROW_GROUP * BYROW_GROUP;
    const uint32_t panel = all < BYROW_PANEL ? all : BYROW_PANEL;
    const uint32_t each = (words > BYROW_PASS ? 4u : 1u) + (words > BYROW_CHUNK ? 4u : 1u);
    const uint32_t laid_out = panel * (each + 4u * words);
    return all * each > laid_out ? all * each : laid_out;
}
