/* The parts of the layers of linear_mve.h.
 *
 * A word of weights of four outputs is a vector, and a word of a patch is in all lanes of another. For
 * each byte of their XOR, a gathering load takes the number of its ones from a table. So each output
 * has four bytes, whose sum is the number of its mismatches; they do not overflow for up to MVE_WORDS
 * words of K. `mve_sums.h` makes sums of them, and `mve_ends.h` what becomes of sums.
 *
 * GCC moves predicates through other registers, so the loops are in assembly. */
#ifndef SBNN_KERNELS_MVE_H
#define SBNN_KERNELS_MVE_H

#include "mve_byrow_ones.h"

#include <stdint.h>

#define MVE_PART 5u       /* the words of K whose copies fit the registers */
#define MVE_FEW_WORDS 15u /* 2 * 15 * 8 ones fit a byte */
#define MVE_WORDS 30u     /* 30 * 8 ones fit a byte; a multiple of MVE_PART */
#define MVE_BYTE_BITS 255u

/* Count the mismatches of 1 to 5 words of a patch with those of `groups` groups of four outputs, a
 * multiple of 4.
 *   bytes   4 for each output: set, or (_more) added to */
typedef void mve_count(const uint32_t *patch, const uint32_t *w, uint32_t groups, uint8_t *bytes,
                       const uint8_t *ones);
mve_count sbnn_mve_count5;
mve_count sbnn_mve_count1_more;
mve_count sbnn_mve_count2_more;
mve_count sbnn_mve_count3_more;
mve_count sbnn_mve_count4_more;
mve_count sbnn_mve_count5_more;

/* Add the four bytes of each of n outputs to its mismatches. Of each 16 outputs, in the order in which
 * w has them, the mismatches of the even ones come before those of the odd ones. */
void sbnn_mve_widen(const uint8_t *bytes, uint32_t n, uint16_t *mismatches);

/* Count the mismatches of patches of 1 to 5, 10, 18 or 20 words: a halfword for each output, in the
 * order in which w has them. After the 20 words of a patch of 36, _more adds those of the other 16. */
typedef void mve_mismatches(const uint32_t *patch, const uint32_t *w, uint32_t groups, uint16_t *found,
                            const uint8_t *ones);
mve_mismatches sbnn_mve_mismatches1;
mve_mismatches sbnn_mve_mismatches2;
mve_mismatches sbnn_mve_mismatches3;
mve_mismatches sbnn_mve_mismatches4;
mve_mismatches sbnn_mve_mismatches5;
mve_mismatches sbnn_mve_rows10;
mve_mismatches sbnn_mve_rows18;
mve_mismatches sbnn_mve_rows20;
mve_mismatches sbnn_mve_rows16_more;

/* Multiply a patch with four rows of weights at a time: of 2 to 4 vectors, or of any number.
 *   patch   `vectors` times 16 bytes
 *   w       for each four rows as often 64 bytes: by vectors for _dots, else row by row
 *   sums    [4 * fours], written */
void sbnn_mve_dots2(const uint8_t *patch, const int8_t *w, uint32_t vectors, uint32_t fours,
                    int32_t *sums);
void sbnn_mve_dots3(const uint8_t *patch, const int8_t *w, uint32_t vectors, uint32_t fours,
                    int32_t *sums);
void sbnn_mve_dots4(const uint8_t *patch, const int8_t *w, uint32_t vectors, uint32_t fours,
                    int32_t *sums);
void sbnn_mve_dots(const uint8_t *patch, const int8_t *w, uint32_t vectors, uint32_t fours,
                   int32_t *sums);

#endif
