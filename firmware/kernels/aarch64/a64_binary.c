#include "a64_binary.h"

void sbnn_a64_binary(const a64_grid *grid, const a64_layer *layer, const uint32_t *x, void *workspace,
                     a64_end *end, void *y) {
    const uint32_t outputs = a64_outputs(grid);
    const uint32_t most = a64_parts(grid) * a64_up(a64_part_size(grid) / 4u, A64_CHUNK);
    uint8_t *const counts = workspace;
    a64_run *const runs = (a64_run *)(void *)(counts + most * A64_TILE * A64_PANEL);
    const a64_patches all = sbnn_a64_pad(grid, x, 0, runs + most);
    const uint32_t chunks = sbnn_a64_runs(grid, all.line, runs);
    const uint32_t bytes = grid->kernel_rows * grid->kernel_columns * grid->size;
    const uint8_t *w = layer->w;
    a64_tile tile = {counts, chunks, A64_TILE, A64_TILE, 4, 0, 0};
    for (; tile.first < layer->n; tile.first += A64_GROUP * tile.vectors) {
        const uint32_t left = layer->n - tile.first;
        tile.vectors = left >= A64_PANEL ? 4u : left >= 32u ? 2u : 1u;
        a64_patches patches = all;
        for (tile.token = 0; tile.token < outputs; tile.token += tile.used) {
            const uint8_t *rows[A64_TILE];
            const uint32_t rest = outputs - tile.token;
            /* Two singles take less than a tile, three do not. */
            tile.rows = rest > 2u ? A64_TILE : 1u;
            tile.used = rest < tile.rows ? rest : tile.rows;
            a64_next_tile(&patches, tile.used, rows);
            for (uint32_t t = tile.used; t < tile.rows; t++) {
                rows[t] = rows[0];
            }
            sbnn_a64_count(rows, tile.rows == 1u, tile.vectors, runs, chunks, w, counts);
            end(layer, &tile, y);
        }
        w += bytes * A64_GROUP * tile.vectors;
    }
}
