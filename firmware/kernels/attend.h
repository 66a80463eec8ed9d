/* The parts of binary attention by table look-up.
 *
 * lookup.h explains the look-ups. Here every table is used for few rows only, one per key or query, so
 * tables must be small: a word of K has six fields, from bit 0 of 5, 5, 5, 5, 6 and 6 bits, and an
 * entry has two words, for 16 rows. Nibble t of its first word belongs to row t, of its second to row 8
 * + t. Three entries of 5 bits are at most 15, which fits a nibble, as do one of 5 and one of 6 bits.
 *
 * Counts are bytes, 16 for each row that is looked up, in four words: of rows 0 2 4 6, 1 3 5 7,
 * 8 10 12 14 and 9 11 13 15. */
#ifndef SBNN_KERNELS_ATTEND_H
#define SBNN_KERNELS_ATTEND_H

#include <stdint.h>

#define ATTEND_ROWS 16u
#define ATTEND_TABLE 512u /* words of the tables of one word of K */
#define ATTEND_COUNTS 4u  /* words of the counts of a row that is looked up */

/* The word of counts that has the byte of row t, and where in that word the byte is. */
static inline uint32_t attend_word(uint32_t t) {
    return (t >> 3 << 1) + (t & 1u);
}
static inline uint32_t attend_shift(uint32_t t) {
    return 8u * (t >> 1 & 3u);
}

/* Build the tables of one word of K.
 *   x        that word of row 0; the word of row t is at x + t * stride
 *   stride   distance between rows, in words
 *   rows     1 to 16: the rows that exist; the others are taken as zeros
 *   tables   ATTEND_TABLE words, written */
void sbnn_attend_tables(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t *tables);

/* Count one or two words of K of `n` rows, which have `stride` words; for `one` that is 1. Counts are
 * written, or updated by `more`.
 *   tables   of the word, or of both words, one after the other
 *   w        that word of the first row */
void sbnn_attend_one(const uint32_t *tables, const uint32_t *w, uint32_t n, uint32_t *counts);
void sbnn_attend_one_more(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                          uint32_t *counts);
void sbnn_attend_two(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                     uint32_t *counts);
void sbnn_attend_two_more(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                          uint32_t *counts);

/* Count all mismatches of up to 16 rows of x, which are `stride` words apart, with `n` rows of w, which
 * have ceil(k / 32) words each.
 *   workspace   sbnn_attend_workspace_bytes(n, k); the counts that are returned are in it */
uint32_t *sbnn_attend_count(uint32_t rows, uint32_t n, uint32_t k, const uint32_t *x, const uint32_t *w,
                            uint32_t *workspace);

/* Add up the entries of a table for each row's counts.
 *   entries   int32, by count
 *   totals    [ATTEND_ROWS], in the order of the bytes of counts, written */
void sbnn_attend_totals(const uint32_t *counts, uint32_t n, const int32_t *entries, uint32_t *totals);

/* Compare the counts of 1 to 32 rows that were looked up, eight at a time: bit j of the byte of row t
 * is count < limit of row t, 0 for j from n on. limits   [ATTEND_COUNTS], bytes as in counts bits
 * [ceil(n / 8)][ATTEND_COUNTS], the same */
void sbnn_attend_gather(const uint32_t *counts, uint32_t n, const uint32_t *limits, uint32_t *bits);

/* Turn counts into bits: bit j of row t is count < limit of row t.
 *   limits   [ATTEND_COUNTS], bytes as in counts
 *   y        row t is at y + t * ceil(n / 32); whole words are written, tail bits 0 */
void sbnn_attend_bits(const uint32_t *counts, uint32_t n, const uint32_t *limits, uint32_t rows,
                      uint32_t *y);

#endif
