/* The pieces of a binary matrix product by table look-up in vectors of 128 bits.
 *
 * What is counted is mismatches, popcount(x XOR w). A table's entry is a vector: in byte t, the low
 * nibble is the count of row t of x over one field of a word of K, the high nibble that of row 16 + t;
 * the field's bits in w are the entry's index. So one look-up counts 5 or 6 bits of 32 rows.
 *
 * Each half of a word has fields of 5, 6 and 5 bits (A, B, C). A mask and a shift take the same field
 * of both halves out of w, already multiplied by the bytes of an entry's place; UXTAH adds either to
 * the tables' address. Two words have 12 look-ups; two or three of them fill a nibble, in five groups:
 * three A, three C, an A and a C, twice two B.
 *
 * High nibbles are signed, low ones are not: each group's high nibbles begin below 0 by so much that
 * the sum is -8 to 7. Then one multiply-add sums the high nibbles of a byte (VQDMLAH by 8), rounded
 * down, and a plain sum of bytes, modulo 256, less 16 times that, is the sum of the low ones.
 *
 * A pair of sums holds the counts of 32 rows for one output: vector 0 the sum of bytes, vector 1 the
 * sum of high nibbles, less HELIUM_PAIR_BELOW for each two words of K and HELIUM_ONE_BELOW for a word
 * alone. */
#ifndef SBNN_KERNELS_HELIUM_H
#define SBNN_KERNELS_HELIUM_H

#include <stdint.h>

#define HELIUM_ROWS 32u
#define HELIUM_TABLE_BYTES 8192u /* of two words of K: A and C side by side, then B */
#define HELIUM_B_TABLES 4096u    /* where B begins */
#define HELIUM_BYTE_BITS 254u    /* a limit may be one more, and is a byte too */
#define HELIUM_CHUNK_WORDS 6u    /* words of K whose counts always fit a byte; even */
#define HELIUM_SCORES 256u       /* more than a score of HELIUM_BYTE_BITS bits has values */
#define HELIUM_PAIR_BELOW 32u    /* 4 times that is 128: -128 + 254 fits a signed byte */
#define HELIUM_ONE_BELOW 21u

/* Build the tables of one or two words of K.
 *   x        that word of row 0; row t is at x + t * stride
 *   rows     1 to 32: the rows that there are; the others count as 0
 *   two      whether the next word is built too
 *   tables   HELIUM_TABLE_BYTES, written */
void sbnn_helium_tables(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t two,
                        uint8_t *tables);

/* Build the 32 or 64 entries of one field, in place: every 128 or 64 bytes.
 *   columns   5 or 6 vectors: nibbles with that bit of x, 0 or 1
 *   first     a byte that entry 0 has more */
void sbnn_helium_fill5(uint8_t *table, const uint8_t *columns, uint32_t first);
void sbnn_helium_fill6(uint8_t *table, const uint8_t *columns, uint32_t first);

/* Add the counts of one or two words of K to the sums of `n` outputs.
 *   w        that word of output 0; output j is at w + j * stride
 *   n        outputs, at least 1
 *   sums     a pair an output, one behind the other; updated */
void sbnn_helium_add_one(const uint8_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                         uint8_t *sums);
void sbnn_helium_add_pair(const uint8_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                          uint8_t *sums);

/* Move the counts of `n` outputs from bytes to halfwords: add them to `wide`, clear the sums.
 *   below   what the sums of high nibbles are less by
 *   wide    4 vectors an output: even rows and odd rows of 0 to 15, of 16 to 31; updated */
void sbnn_helium_widen(uint8_t *sums, uint32_t n, uint32_t below, uint16_t *wide);

/* Where the counts of up to 32 rows are. */
typedef struct {
    uint8_t *sums;  /* pairs, if k is at most HELIUM_BYTE_BITS */
    uint16_t *wide; /* else these */
    uint32_t below; /* what the sums of high nibbles are less by */
    uint32_t rows;  /* 1 to 32 */
    uint32_t n;     /* outputs */
    uint32_t k;     /* bits counted */
} helium_counts;

/* Count the mismatches of at most 32 rows with all outputs.
 *   x, w        [rows][ceil(k / 32)] and [n][ceil(k / 32)]
 *   workspace   sbnn_helium_workspace_bytes; the counts that are returned are there */
helium_counts sbnn_helium_count(uint32_t rows, uint32_t n, uint32_t k, const uint32_t *x,
                                const uint32_t *w, uint8_t *workspace);

/* Bits out: bit j of row t is count < limit[j].
 *   limit   0 to k + 1, an output each
 *   y       row t is at y + t * ceil(n / 32); whole words are written, tail bits 0 */
void sbnn_helium_threshold(const helium_counts *counts, const int32_t *limit, uint32_t *y);
void sbnn_helium_threshold_wide(const helium_counts *counts, const int32_t *limit, uint32_t *y);

/* Turn the counts of full fours of outputs about, in place: row by row, those of four outputs side by
 * side. Bytes stand in the order of rows, halfwords in that of rows 0 2 .. 14, 1 3 .. 15, 16 18 .. 30,
 * 17 19 .. 31. Of outputs that fill no four, the bytes are counts, vector 0 of rows 0 to 15, vector 1
 * of the others, and the halfwords stay. */
void sbnn_helium_turn(const helium_counts *counts);
void sbnn_helium_turn_wide(const helium_counts *counts);

/* Floats out, of counts that are turned: scale[j] * (float)(k - 2 * count), rounded, + bias[j],
 * rounded,
 * + residual, rounded.
 *   residual   [rows][n], may be y itself; or NULL
 *   y          [rows][n], written */
void sbnn_helium_scale(const helium_counts *counts, const float *scale, const float *bias,
                       const float *residual, float *y);

/* Turn pairs of sums into counts, in place: bytes of rows 0 to 31 in order, an output each. */
void sbnn_helium_settle(const helium_counts *counts);

/* Sum what a table has for the counts of each row: counts are settled.
 *   low, high   the two bytes of a table's entry, by count
 *   totals      [32], written */
void sbnn_helium_totals(const helium_counts *counts, const uint8_t *low, const uint8_t *high,
                        uint32_t *totals);

/* Bits out, of counts that are settled: bit j of row t is count < limit[t].
 *   limit   [32]
 *   y       as of sbnn_helium_threshold */
void sbnn_helium_threshold_rows(const helium_counts *counts, const uint8_t *limit, uint32_t *y);

/* Whether counts of k bits need halfwords. */
static inline int helium_is_wide(uint32_t k) {
    return k > HELIUM_BYTE_BITS;
}

#endif
