/* The parts of a binary matrix product by table look-up in vectors of 128 bits.
 *
 * The kernels count mismatches, popcount(x XOR w). An entry of a table is a vector. The low nibble of
 * its byte t is the number of mismatches of row t of x over one field of a word of K, the high nibble
 * that of row 16 + t. The field's bits in w are the index of the entry. So one look-up counts 5 or 6
 * bits for 32 rows at once.
 *
 * Each half of a word has three fields, A, B and C, of 5, 6 and 5 bits. One AND with a shift extracts
 * the same field of both halves of w, already multiplied by the distance of the entries in bytes; UXTAH
 * adds either half of the result to the address of the tables. Two words need 12 look-ups. The entries
 * are added in five groups of two or three, whose sums fit a nibble: three A, three C, an A and a C,
 * and twice two B.
 *
 * High nibbles are signed, low nibbles are not. A bias subtracted in the tables moves each group's high
 * nibbles into -8 to 7. Then VQDMLAH by 8 adds (byte * 16) >> 8, which is the high nibble rounded down,
 * to one sum. The other sum adds the bytes modulo 256; minus 16 times the first sum it is the sum of
 * the low nibbles.
 *
 * A pair of sums holds the counts of 32 rows for one output: vector 0 is the sum of bytes, vector 1 the
 * sum of high nibbles. Vector 1 is too low by HELIUM_PAIR_BELOW for each two words of K, and by
 * HELIUM_ONE_BELOW for a single word. */
#ifndef SBNN_KERNELS_HELIUM_H
#define SBNN_KERNELS_HELIUM_H

#include <stdint.h>

#define HELIUM_ROWS 32u
#define HELIUM_TABLE_BYTES 8192u /* tables of two words of K: A and C interleaved, then B */
#define HELIUM_B_TABLES 4096u    /* offset of the tables of B */
#define HELIUM_BYTE_BITS 254u    /* a limit may be one more, and must fit a byte too */
#define HELIUM_CHUNK_WORDS 6u    /* words of K whose counts fit a byte; even, as words come in pairs */
#define HELIUM_SCORES 256u       /* at least the number of possible counts, HELIUM_BYTE_BITS + 1 */
#define HELIUM_PAIR_BELOW                                                                              \
    32u /* 8 words subtract 4 * 32 = 128, and -128 + 254 still fits a signed byte */
#define HELIUM_ONE_BELOW 21u

/* Build the tables of one or two words of K.
 *   x        that word of row 0; the word of row t is at x + t * stride
 *   rows     1 to 32: the rows that exist; the others are taken as zeros
 *   two      whether to build the tables of the next word too
 *   tables   HELIUM_TABLE_BYTES, written */
void sbnn_helium_tables(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t two,
                        uint8_t *tables);

/* Build the 32 or 64 entries of one field, at every 128 (fill5) or 64 (fill6) bytes.
 *   columns   5 or 6 vectors, one per bit of the field: nibbles with that bit of x, 0 or 1
 *   first     a byte that is added to every entry */
void sbnn_helium_fill5(uint8_t *table, const uint8_t *columns, uint32_t first);
void sbnn_helium_fill6(uint8_t *table, const uint8_t *columns, uint32_t first);

/* Add the counts of one or two words of K to the sums of `n` outputs.
 *   w        that word of output 0; the word of output j is at w + j * stride
 *   n        outputs, at least 1
 *   sums     one pair per output, one after the other; updated */
void sbnn_helium_add_one(const uint8_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                         uint8_t *sums);
void sbnn_helium_add_pair(const uint8_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                          uint8_t *sums);

/* Move the counts of `n` outputs from bytes to halfwords: add them to `wide`, then clear the sums.
 *   below   how much the sums of high nibbles are too low
 *   wide    4 vectors per output: even and odd rows of 0 to 15, then of 16 to 31; updated */
void sbnn_helium_widen(uint8_t *sums, uint32_t n, uint32_t below, uint16_t *wide);

/* The counts of up to 32 rows. */
typedef struct {
    uint8_t *sums;  /* pairs of sums, if k is at most HELIUM_BYTE_BITS */
    uint16_t *wide; /* wide counts, if k is larger */
    uint32_t below; /* how much the sums of high nibbles are too low */
    uint32_t rows;  /* 1 to 32 */
    uint32_t n;     /* outputs */
    uint32_t k;     /* bits counted */
} helium_counts;

/* Count the mismatches of at most 32 rows of x with the weights of all outputs.
 *   x, w        [rows][ceil(k / 32)] and [n][ceil(k / 32)]
 *   workspace   sbnn_helium_workspace_bytes; the result points into it */
helium_counts sbnn_helium_count(uint32_t rows, uint32_t n, uint32_t k, const uint32_t *x,
                                const uint32_t *w, uint8_t *workspace);

/* Bits out: bit j of row t is count < limit[j].
 *   limit   [n], 0 to k + 1
 *   y       row t is at y + t * ceil(n / 32); whole words are written, tail bits 0 */
void sbnn_helium_threshold(const helium_counts *counts, const int32_t *limit, uint32_t *y);
void sbnn_helium_threshold_wide(const helium_counts *counts, const int32_t *limit, uint32_t *y);

/* Transpose the counts of each complete group of four outputs in place, so that each row has the counts
 * of its four outputs side by side. Bytes are in the order of the rows, halfwords in the order of rows
 * 0 2 .. 14, 1 3 .. 15, 16 18 .. 30, 17 19 .. 31. The outputs that remain are not transposed: their
 * sums become byte counts (vector 0 rows 0 to 15, vector 1 the others), and their halfwords stay as
 * they are. */
void sbnn_helium_turn(const helium_counts *counts);
void sbnn_helium_turn_wide(const helium_counts *counts);

/* Floats out, from transposed counts: scale[j] * (float)(k - 2 * count), rounded, + bias[j], rounded, +
 * residual, rounded.
 *   residual   [rows][n], may be y itself; or NULL
 *   y          [rows][n], written */
void sbnn_helium_scale(const helium_counts *counts, const float *scale, const float *bias,
                       const float *residual, float *y);

/* Convert pairs of sums to counts in place: per output the bytes of rows 0 to 31 in order. */
void sbnn_helium_settle(const helium_counts *counts);

/* For each row, add up the table entries of its counts, which must be settled (sbnn_helium_settle).
 *   low, high   the low and the high byte of each table entry, indexed by count
 *   totals      [32], written */
void sbnn_helium_totals(const helium_counts *counts, const uint8_t *low, const uint8_t *high,
                        uint32_t *totals);

/* Bits out, from settled counts: bit j of row t is count < limit[t].
 *   limit   [32]
 *   y       as for sbnn_helium_threshold */
void sbnn_helium_threshold_rows(const helium_counts *counts, const uint8_t *limit, uint32_t *y);

/* Whether counts of k bits need halfwords. */
static inline int helium_is_wide(uint32_t k) {
    return k > HELIUM_BYTE_BITS;
}

#endif
