/* Prepares eight rows of x for building the tables.
 *
 * Tables are written in ascending order, a block at a time (eight words; four on Armv6-M). Each block
 * is the previous one plus a step. The step depends on which bit g of the block's number changes to 1,
 * while all lower bits return to 0: step g = difference of bit g - differences of the bits below. The
 * difference of a bit is what an entry changes by when that bit of w changes from 0 to 1: per row +1 if
 * the bit of x is 0, -1 if it is 1. */
#ifndef SBNN_KERNELS_LOOKUP_COLUMNS_H
#define SBNN_KERNELS_LOOKUP_COLUMNS_H

#include "lookup_halves.h"

#include <stdint.h>
#include <string.h>

#define LOOKUP_ONES 0x11111111u
#define LOOKUP_STEPS                                                                                   \
    8u /* words per field: entry 0, the differences within a block, the steps; padded */

/* Write nibble q of row t to nibble t of columns[q]. Rows that do not exist are taken as zeros. It is
 * an 8 x 8 transposition of nibbles, by exchanging halfwords, bytes and nibbles. */
static inline void lookup_columns(const uint32_t *x, uint32_t stride, uint32_t rows,
                                  uint32_t columns[8]) {
    uint32_t a[8];
    uint32_t given[8];
    if (rows < 8u) {
        memset(given, 0, sizeof given);
        for (uint32_t t = 0; t < rows; t++) {
            given[t] = x[t * stride];
        }
        x = given;
        stride = 1;
    }
#pragma GCC unroll 8
    for (uint32_t t = 0; t < 8u; t++) {
        a[t] = *x;
        x += stride;
    }
#pragma GCC unroll 8
    for (uint32_t t = 0; t < 4u; t++) {
        const uint32_t low = a[t];
        a[t] = lookup_low_halves(low, a[t + 4u]);
        a[t + 4u] = lookup_high_halves(low, a[t + 4u]);
    }
#pragma GCC unroll 8
    for (uint32_t t = 0; t < 8u; t++) {
        if ((t & 2u) == 0u) {
            const uint32_t other = (a[t] >> 8 ^ a[t + 2u]) & 0x00FF00FFu;
            a[t + 2u] ^= other;
            a[t] ^= other << 8;
        }
    }
#pragma GCC unroll 8
    for (uint32_t t = 0; t < 8u; t += 2u) {
        const uint32_t other = (a[t] >> 4 ^ a[t + 1u]) & 0x0F0F0F0Fu;
        columns[t + 1u] = a[t + 1u] ^ other;
        columns[t] = a[t] ^ other << 4;
    }
}

/* With a constant in a register, Thumb-2 shifts the other operand in the same instruction. */
#if defined __thumb2__
#define LOOKUP_IN_REGISTER(constant) __asm("" : "+r"(constant))
#else
#define LOOKUP_IN_REGISTER(constant) (void)(constant)
#endif

/* Write the steps of one field.
 *   first, width   the field's bits
 *   inner          bits that number the entries within a block: 3, 2 or 1 for eight, four or two
 *   steps          LOOKUP_STEPS words, `apart` words from one to the next */
__attribute__((always_inline)) static inline void lookup_steps(const uint32_t columns[8],
                                                               uint32_t first, uint32_t width,
                                                               uint32_t inner, uint32_t apart,
                                                               uint32_t *steps) {
    uint32_t entry = 0;
    uint32_t lower = 0;
    uint32_t ones = LOOKUP_ONES;
    LOOKUP_IN_REGISTER(ones);
#pragma GCC unroll 8
    for (uint32_t i = 0; i < width; i++) {
        const uint32_t bit = first + i;
        const uint32_t bits = columns[bit / 4u] >> (bit % 4u) & ones;
        const uint32_t difference = ones - 2u * bits;
        entry += bits;
        steps[(i + 1u) * apart] = difference - lower;
        if (i >= inner) {
            lower += difference;
        }
    }
    steps[0] = entry;
}

/* Keeps the compiler from interleaving several fields, for which there are not enough registers. */
#define LOOKUP_BARRIER __asm volatile("" ::: "memory")

/* Write the steps of all five fields, one after the other. */
__attribute__((always_inline)) static inline void
lookup_all_steps(const uint32_t columns[8], uint32_t inner, uint32_t apart, uint32_t *steps) {
    const uint32_t field = LOOKUP_STEPS * apart;
    LOOKUP_BARRIER;
    lookup_steps(columns, 0, 6, inner, apart, steps);
    LOOKUP_BARRIER;
    lookup_steps(columns, 6, 6, inner, apart, steps + field);
    LOOKUP_BARRIER;
    lookup_steps(columns, 12, 6, inner, apart, steps + 2u * field);
    LOOKUP_BARRIER;
    lookup_steps(columns, 18, 7, inner, apart, steps + 3u * field);
    LOOKUP_BARRIER;
    lookup_steps(columns, 25, 7, inner, apart, steps + 4u * field);
}

/* Write the tables of a word of K from its steps, with one (8 rows) or two (16 rows) words per
 * entry. In their assembly an empty comment ends a line that clang-format would join with the next. */
void sbnn_lookup_fill8(uint32_t *tables, const uint32_t *steps);
void sbnn_lookup_fill16(uint32_t *tables, const uint32_t *steps);

#endif
