/* Counts of a binary matrix product on Armv7. A tile is NEON_ROWS rows by 16 * NEON_WIDTH outputs; each
 * loaded byte is used for several of its counts. Counts are bytes for at most NEON_BYTE_WORDS words of
 * K; then they are widened to halfwords. */
#ifndef SBNN_KERNELS_NEON_COUNTS_H
#define SBNN_KERNELS_NEON_COUNTS_H

#include "neon.h"
#include "neon_rows.h"

#include <stdint.h>

#define NEON_BYTE_BITS 254u /* a limit may be one more, and must fit a byte too */
#define NEON_BYTE_WORDS 7u  /* words of K whose counts fit a byte: 7 * 32 = 224 */

/* Count the mismatches of NEON_ROWS rows of x with a panel, as halfwords.
 *   x        the tile's first row; row t is at x + t * words
 *   rows     1 to NEON_ROWS: the rows that exist; the counts of the others are undefined
 *   counts   [NEON_ROWS][NEON_PANEL], written */
void sbnn_neon_count(const uint32_t *x, uint32_t rows, const uint8_t *panel, uint32_t words,
                     uint16_t *counts);

/* Compute one row of floats from its counts: scale[j] * (float)(k - 2 * counts[j]), rounded, + bias[j],
 * rounded, + residual, rounded.
 *   n          1 to NEON_PANEL: the outputs that exist
 *   residual   [n], may be y itself; or NULL
 *   y          [n], written */
void sbnn_neon_scale(const uint16_t *counts, uint32_t n, uint32_t k, const float *scale,
                     const float *bias, const float *residual, float *y);

#endif
