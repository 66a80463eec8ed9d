/* The parts of a binary matrix product by NEON.
 *
 * Each lane of a vector is one output. The weights of a panel of 64 outputs are rearranged so that byte
 * p of all outputs is contiguous. Byte p of a row of x is duplicated over a vector and XORed with byte
 * p of 16 outputs in one instruction, so no sum goes across a vector. */
#ifndef SBNN_KERNELS_NEON_H
#define SBNN_KERNELS_NEON_H

#include <stdint.h>

#define NEON_PANEL 64u /* outputs per panel */

/* Rearrange the weights of a panel.
 *   w       weights of the panel's first output
 *   rows    1 to NEON_PANEL: the outputs that exist; the others are taken as zeros
 *   words   of K
 *   panel   4 * words * NEON_PANEL bytes, written */
void sbnn_neon_panel(const uint32_t *w, uint32_t rows, uint32_t words, uint8_t *panel);

/* Return the panel that begins at w, which is rearranged first unless the weights are panels already.
 */
static inline const uint8_t *neon_panel(uint32_t panels, const uint32_t *w, uint32_t rows,
                                        uint32_t words, uint8_t *room) {
    if (panels) {
        return (const uint8_t *)w;
    }
    sbnn_neon_panel(w, rows, words, room);
    return room;
}

#endif
