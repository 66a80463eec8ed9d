/* The parts of a binary matrix product by table look-up.
 *
 * The kernels count mismatches, popcount(x XOR w). A word of K (32 bits of the inner dimension) is
 * divided into five fields: from bit 0, of 6, 6, 6, 7 and 7 bits. Each field has a table, one after the
 * other in memory. The field's bits in w are the index of an entry; nibble t of that entry is the
 * number of mismatches between these bits and row t of x. So one look-up counts 6 or 7 bits for 8 rows
 * at once (`lanes` 8), or for 16 rows where an entry has two words (`lanes` 16).
 *
 * The sum of two entries is at most 14, which fits a nibble (15). Before a third is added, the high
 * nibbles are added to a separate sum.
 *
 * A pair of sums holds the counts of 8 rows for one output, as bytes. Word 0 is the sum of all entries
 * as plain 32-bit numbers, word 1 the sum of their high nibbles. Byte b of word 1 is the count of row 2
 * b + 1; byte b of (word 0 - 16 * word 1) is the count of row 2 b. Carries between the bytes of word 0
 * do no harm: the subtraction removes them. Each count must be at most LOOKUP_BYTE_BITS. */
#ifndef SBNN_KERNELS_LOOKUP_H
#define SBNN_KERNELS_LOOKUP_H

#include <stdint.h>

#define LOOKUP_ENTRIES 448u   /* entries of one word of K: 3 * 64 + 2 * 128 */
#define LOOKUP_BYTE_BITS 254u /* a limit may be one more, and must fit a byte too */
#define LOOKUP_CHUNK_WORDS 6u /* words of K whose counts fit a byte; even, as words come in pairs */
#define LOOKUP_MAX_BITS 65534u

/* Build the tables of one word of K.
 *   x        that word of row 0; the word of row t is at x + t * stride
 *   stride   distance between rows, in words
 *   rows     1 to 8 (or 16): the rows that exist; the others are taken as zeros
 *   tables   LOOKUP_ENTRIES words (twice that for 16 rows), written */
void sbnn_lookup_tables8(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables);
void sbnn_lookup_tables16(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables);

/* Add the counts of one or two words of K to the sums of `n` outputs.
 *   tables   of the word, or of both words, one after the other
 *   w        that word of output 0; the word of output j is at w + j * stride
 *   stride   words from output to output
 *   n        outputs, at least 1
 *   sums     one pair per output (two for 16 rows), one after the other; updated */
void sbnn_lookup_add8(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                      uint32_t *sums);
void sbnn_lookup_add8_pair(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                           uint32_t *sums);
void sbnn_lookup_add16(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                       uint32_t *sums);
void sbnn_lookup_add16_pair(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                            uint32_t *sums);

/* Move the counts of `pairs` pairs of sums from bytes to halfwords: add them to `wide`, then clear the
 * sums.
 *   wide   4 words per pair: rows 0 and 4 (low and high half), 2 and 6, 1 and 5, 3 and 7; updated */
void sbnn_lookup_widen(uint32_t *sums, uint32_t pairs, uint32_t *wide);

/* The counts of up to 8 rows: pairs of sums if k is at most LOOKUP_BYTE_BITS, else wide counts. */
typedef struct {
    const uint32_t *counts; /* the counts of output 0 */
    uint32_t step;          /* words from output to output */
    uint32_t rows;          /* 1 to 8 */
    uint32_t n;             /* outputs */
    uint32_t k;             /* bits counted */
} lookup_counts;

/* Bits out: bit j of row t is count < limit[j].
 *   limit   [n], 0 to k + 1
 *   y       row t is at y + t * ceil(n / 32); whole words are written, tail bits 0 */
void sbnn_lookup_threshold(const lookup_counts *counts, const int32_t *limit, uint32_t *y);
void sbnn_lookup_threshold_wide(const lookup_counts *counts, const int32_t *limit, uint32_t *y);

/* Floats out: scale[j] * (float)(k - 2 * count), rounded, + bias[j], rounded, + residual, rounded.
 *   residual   [rows][n], may be y itself; or NULL
 *   y          [rows][n], written */
void sbnn_lookup_scale(const lookup_counts *counts, const float *scale, const float *bias,
                       const float *residual, float *y);
void sbnn_lookup_scale_wide(const lookup_counts *counts, const float *scale, const float *bias,
                            const float *residual, float *y);

/* Count the mismatches of at most 8 (or 16) rows of x with the weights of all outputs.
 *   x, w        [rows][ceil(k / 32)] and [n][ceil(k / 32)]
 *   workspace   sbnn_lookup_workspace_bytes; the result points into it
 * Returns the counts of rows 0 to 7; those of rows 8 to 15 are lookup_next(k) words after them. */
lookup_counts sbnn_lookup_count8(uint32_t rows, uint32_t n, uint32_t k, const uint32_t *x,
                                 const uint32_t *w, uint32_t *workspace);
lookup_counts sbnn_lookup_count16(uint32_t rows, uint32_t n, uint32_t k, const uint32_t *x,
                                  const uint32_t *w, uint32_t *workspace);

/* Whether counts of k bits need halfwords. */
static inline int lookup_is_wide(uint32_t k) {
    return k > LOOKUP_BYTE_BITS;
}

/* Distance in words from the counts of rows 0 to 7 to those of rows 8 to 15. */
static inline uint32_t lookup_next(uint32_t k) {
    return lookup_is_wide(k) ? 4u : 2u;
}

#endif
