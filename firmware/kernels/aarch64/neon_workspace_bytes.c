#include "linear_neon.h"
#include "neon.h"
#include "neon_a64.h"

/* A panel, and for each chunk of K its run and the counts of a tile. */
uint32_t sbnn_neon_workspace_bytes(uint32_t k) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t chunks = (words + A64_CHUNK - 1u) / A64_CHUNK;
    return words * 4u * NEON_PANEL + chunks * (A64_TILE * A64_PANEL + (uint32_t)sizeof(a64_run));
}
