/* A binary layer: its counts, panel by panel, and what is made of them. */
#ifndef SBNN_KERNELS_A64_BINARY_H
#define SBNN_KERNELS_A64_BINARY_H

#include "a64.h"
#include "a64_ends.h"

typedef struct {
    uint32_t n;
    uint32_t b;
    uint32_t step; /* of the residual, from token to token */
    uint32_t shift;
    const uint8_t *w;
    const int32_t *base;
    const int16_t *factor;
    const int16_t *slope; /* values only */
    const int16_t *residual;
} a64_layer;

/* The counts of a tile, and where they are. */
typedef struct {
    const uint8_t *counts; /* [chunks][rows][16 * vectors] */
    uint32_t chunks;
    uint32_t rows;    /* 1 or A64_TILE */
    uint32_t used;    /* rows that exist */
    uint32_t vectors; /* groups of outputs */
    uint32_t token;   /* of the first row */
    uint32_t first;   /* output of the first lane */
} a64_tile;

/* Makes the outputs of a tile. */
typedef void a64_end(const a64_layer *layer, const a64_tile *tile, void *y);

/* Count the mismatches of all patches with all rows of weights, and make the outputs of each tile. */
void sbnn_a64_binary(const a64_grid *grid, const a64_layer *layer, const uint32_t *x, void *workspace,
                     a64_end *end, void *y);

/* What is made of eight outputs' counts before it becomes values or bits; `up` is 2^shift. */
static inline a64_wide a64_sums(const int32_t *base, uint16x8_t counts, int16x8_t factor,
                                const int16_t *added, int16x8_t up) {
    return a64_more(a64_less(a64_base(base), counts, factor), vld1q_s16(added), up);
}

#endif
