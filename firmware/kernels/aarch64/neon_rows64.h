/* The panels of a binary linear layer: what all of its rows have in common. */
#ifndef SBNN_KERNELS_NEON_ROWS64_H
#define SBNN_KERNELS_NEON_ROWS64_H

#include "neon.h"
#include "neon_a64.h"

/* The rows of x, and the workspace: a panel, then the counts of a tile, then the runs. */
typedef struct {
    const uint32_t *x;
    uint32_t m;
    uint32_t words;
    uint32_t chunks;
    uint8_t *room; /* for a panel */
    const uint8_t *panel;
    uint8_t *counts;
    a64_run *runs;
} neon_layer;

static inline neon_layer neon_layer_of(const uint32_t *x, uint32_t m, uint32_t k, void *workspace) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t chunks = (words + A64_CHUNK - 1u) / A64_CHUNK;
    uint8_t *const panel = workspace;
    uint8_t *const counts = panel + words * 4u * NEON_PANEL;
    a64_run *const runs = (a64_run *)(void *)(counts + chunks * A64_TILE * A64_PANEL);
    for (uint32_t chunk = 0; chunk < chunks; chunk++) {
        const uint32_t left = words - chunk * A64_CHUNK;
        runs[chunk] =
            (a64_run){chunk * A64_CHUNK * 4u, (left < A64_CHUNK ? left : A64_CHUNK) | A64_LAST};
    }
    return (neon_layer){x, m, words, chunks, panel, panel, counts, runs};
}

/* Count the rows from `row` on: A64_TILE of them, or a single one where no more than two are left.
 * Returns the number of them that exist. */
static inline uint32_t neon_count_rows(const neon_layer *layer, uint32_t row, uint32_t *size) {
    const uint32_t left = layer->m - row;
    const uint32_t rows = left > 2u ? A64_TILE : 1u;
    const uint8_t *at[A64_TILE];
    for (uint32_t t = 0; t < A64_TILE; t++) {
        at[t] = (const uint8_t *)(layer->x + (row + (t < left ? t : 0u)) * layer->words);
    }
    sbnn_a64_count(at, rows == 1u, 4, layer->runs, layer->chunks, layer->panel, layer->counts);
    *size = rows * A64_PANEL;
    return left < rows ? left : rows;
}

#endif
