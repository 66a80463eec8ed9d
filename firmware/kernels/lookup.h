/* The pieces of a binary matrix product by table look-up.
 *
 * What is counted is mismatches, popcount(x XOR w). Eight rows of x (tokens) share a word: nibble t of
 * a table's entry is the count of row t over one field of a word of K, and the field's bits in w are
 * the entry's index. So one look-up counts 6 or 7 bits of 8 rows (`lanes` 8) or of 16 (two words an
 * entry). Two look-ups fill at most 14 of a nibble's 15; then the high nibbles are taken aside.
 *
 * Fields of a word, from bit 0: 6, 6, 6, 7 and 7 bits, their tables one behind the other.
 *
 * A pair of sums holds the counts of 8 rows for one output, as bytes: word 0 is the sum of all entries,
 * as plain 32-bit numbers, word 1 the sum of their high nibbles. Byte b of word 1 is the count of row
 * 2 b + 1; byte b of word 0 - 16 * word 1 is the count of row 2 b. A byte holds LOOKUP_BYTE_BITS. */
#ifndef SBNN_KERNELS_LOOKUP_H
#define SBNN_KERNELS_LOOKUP_H

#include <stdint.h>

#define LOOKUP_ENTRIES 448u   /* of one word of K: 3 * 64 + 2 * 128 */
#define LOOKUP_BYTE_BITS 254u /* a limit may be one more, and is a byte too */
#define LOOKUP_CHUNK_WORDS 6u /* words of K whose counts always fit a byte */
#define LOOKUP_MAX_BITS 65534u

/* Build the tables of one word of K.
 *   x        that word of row 0; row t is at x + t * stride
 *   stride   words from row to row
 *   rows     1 to 8 (or 16): the rows that there are; the others count as 0
 *   tables   LOOKUP_ENTRIES (or twice that) words, written */
void sbnn_lookup_tables8(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables);
void sbnn_lookup_tables16(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables);

/* Add the counts of one or two words of K to the sums of `n` outputs.
 *   tables   of the word, or of both, one behind the other
 *   w        that word of output 0; output j is at w + j * stride
 *   stride   words from output to output
 *   n        outputs, at least 1
 *   sums     a pair (or two) an output, one behind the other; updated */
void sbnn_lookup_add8(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                      uint32_t *sums);
void sbnn_lookup_add8_pair(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                           uint32_t *sums);
void sbnn_lookup_add16(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                       uint32_t *sums);
void sbnn_lookup_add16_pair(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                            uint32_t *sums);

/* Move the counts of `pairs` pairs of sums from bytes to halfwords: add them to `wide`, clear the sums.
 *   wide   4 words a pair: rows 0 and 4 (low and high half), 2 and 6, 1 and 5, 3 and 7; updated */
void sbnn_lookup_widen(uint32_t *sums, uint32_t pairs, uint32_t *wide);

/* Where the counts of 8 rows are: as pairs of sums if k is at most LOOKUP_BYTE_BITS, else wide. */
typedef struct {
    const uint32_t *counts; /* of output 0 */
    uint32_t step;          /* words from output to output */
    uint32_t rows;          /* 1 to 8 */
    uint32_t n;             /* outputs */
    uint32_t k;             /* bits counted */
} lookup_counts;

/* Bits out: bit j of row t is count < limit[j].
 *   limit   0 to k + 1, an output each
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

/* Count the mismatches of at most `lanes` (8 or 16) rows with all outputs.
 *   x, w        [rows][ceil(k / 32)] and [n][ceil(k / 32)]
 *   workspace   sbnn_lookup_workspace_bytes; the counts that are returned are there
 * Returns the counts of rows 0 to 7; those of rows 8 to 15 are lookup_next behind them. */
lookup_counts sbnn_lookup_count(uint32_t lanes, uint32_t rows, uint32_t n, uint32_t k,
                                const uint32_t *x, const uint32_t *w, uint32_t *workspace);

/* Whether counts of k bits need halfwords. */
static inline int lookup_is_wide(uint32_t k) {
    return k > LOOKUP_BYTE_BITS;
}

/* Words from the counts of rows 0 to 7 to those of rows 8 to 15. */
static inline uint32_t lookup_next(uint32_t k) {
    return lookup_is_wide(k) ? 4u : 2u;
}

#endif
