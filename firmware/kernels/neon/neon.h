/* The pieces of a binary matrix product by NEON.
 *
 * A lane is an output. The weights of a panel of 64 outputs are laid out so that byte p of all of them
 * lies side by side; byte p of a row of x, spread over a vector, then meets 16 outputs in one
 * instruction, and no sum ever goes across a vector. A tile is a panel by NEON_ROWS rows: what is
 * loaded for one of its counts serves others. Counts are bytes for at most NEON_BYTE_WORDS words of
 * K, then they are widened. */
#ifndef SBNN_KERNELS_NEON_H
#define SBNN_KERNELS_NEON_H

#include <stdint.h>

#include "neon_rows.h"

#define NEON_PANEL 64u      /* outputs of a panel */
#define NEON_BYTE_BITS 254u /* a limit may be one more, and is a byte too */
#define NEON_BYTE_WORDS 7u  /* words of K whose counts always fit a byte */

/* Lay the weights of a panel out.
 *   w       of its first output
 *   rows    1 to NEON_PANEL: the outputs that there are; the others count as 0
 *   words   of K
 *   panel   4 * words * NEON_PANEL bytes, written */
void sbnn_neon_panel(const uint32_t *w, uint32_t rows, uint32_t words, uint8_t *panel);

/* Count the mismatches of NEON_ROWS rows of x with a panel, as halfwords.
 *   x        of the tile's first row; row t is at x + t * words
 *   rows     1 to NEON_ROWS: the rows that there are; counts are written for all, and mean nothing
 * beyond counts   [NEON_ROWS][NEON_PANEL], written */
void sbnn_neon_count(const uint32_t *x, uint32_t rows, const uint8_t *panel, uint32_t words,
                     uint16_t *counts);

/* Floats out of one row's counts: scale[j] * (float)(k - 2 * counts[j]), rounded, + bias[j], rounded,
 * + residual, rounded.
 *   n          1 to NEON_PANEL: the outputs that there are
 *   residual   [n], may be y itself; or NULL
 *   y          [n], written */
void sbnn_neon_scale(const uint16_t *counts, uint32_t n, uint32_t k, const float *scale,
                     const float *bias, const float *residual, float *y);

#endif
