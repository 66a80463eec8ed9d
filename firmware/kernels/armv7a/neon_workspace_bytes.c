#include "linear_neon.h"
#include "neon.h"

/* The workspace is one panel. */
uint32_t sbnn_neon_workspace_bytes(uint32_t k) {
    return (k + 31u) / 32u * 4u * NEON_PANEL;
}
