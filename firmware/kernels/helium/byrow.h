/* The parts of the layers of linear_byrow.h.
 *
 * A word of weights of four outputs is a vector, and a word of a row is in all lanes of another. For
 * each byte of their XOR, a gathering load takes the number of its ones from a table. Three words of a
 * row are in registers while all outputs pass by; VLDM loads their weights as one instruction. */
#ifndef SBNN_KERNELS_BYROW_H
#define SBNN_KERNELS_BYROW_H

#include "mve_byrow_ones.h"

#include <stdint.h>

#define BYROW_GROUP 16u /* outputs whose counts are a vector of bytes */
#define BYROW_PANEL 64u /* outputs whose weights are laid out at once */
#define BYROW_PASS 3u   /* words of K whose copies fit the registers */
#define BYROW_CHUNK 6u  /* words of K whose counts fit a byte */

/* Count the mismatches of a few words of K.
 *   x        the words of a row
 *   w        their weights, in the order of linear_byrow.h
 *   groups   groups of BYROW_GROUP outputs
 *   counts   [groups][16] bytes, written; for _part and _more [groups][64]: _part leaves the four bytes
 *            of each output there, to which _more adds before it makes counts of them */
typedef void byrow_pass(const uint32_t *x, const uint32_t *w, uint32_t groups, uint8_t *counts,
                        const uint8_t *ones);
byrow_pass sbnn_byrow_part;
byrow_pass sbnn_byrow_last1;
byrow_pass sbnn_byrow_last2;
byrow_pass sbnn_byrow_last3;
byrow_pass sbnn_byrow_last1_more;
byrow_pass sbnn_byrow_last2_more;
byrow_pass sbnn_byrow_last3_more;

/* A panel of weights, and where the counts of a row go. */
typedef struct {
    const uint32_t *w; /* in the order of linear_byrow.h */
    uint32_t words;    /* of K */
    uint32_t groups;   /* of BYROW_GROUP outputs */
    uint8_t *bytes;    /* the counts, if all fit bytes; else those of a chunk */
    uint16_t *halves;  /* the counts, if they do not fit bytes */
    void *limits;      /* room for a byte or a halfword of each output */
} byrow_panel;

/* Prepare outputs `first` to `first` + `outputs` - 1, and lay their weights out if they are not stored.
 * The last group may have fewer than 16 outputs: those that do not exist have weights of zeros. */
byrow_panel sbnn_byrow_panel(uint32_t stored, uint32_t k, const uint32_t *w, uint32_t first,
                             uint32_t outputs, void *workspace);

/* Count the mismatches of a row. */
void sbnn_byrow_count(const byrow_panel *panel, const uint32_t *x);

/* The outputs of a panel. */
static inline uint32_t byrow_outputs(uint32_t stored, uint32_t left) {
    return stored || left < BYROW_PANEL ? left : BYROW_PANEL;
}

/* Whether counts are halfwords. */
static inline int byrow_is_wide(const byrow_panel *panel) {
    return panel->words > BYROW_CHUNK;
}

#endif
