/* The entries of a field in ascending order, a block of eight at a time, kept in registers. Each block
 * is the previous one plus a step; lookup_columns.h explains the steps. */
#ifndef SBNN_KERNELS_LOOKUP_FILL_H
#define SBNN_KERNELS_LOOKUP_FILL_H

#include "lookup_columns.h"

#define LOOKUP_BLOCK 8u

/* Write the block, `apart` words from entry to entry, and add a step. Each entry is written before the
 * next is computed: otherwise the compiler would have two blocks at once, for which there are not
 * enough registers. */
__attribute__((always_inline)) static inline uint32_t *
lookup_block(uint32_t block[LOOKUP_BLOCK], uint32_t step, uint32_t apart, uint32_t *tables) {
#pragma GCC unroll 8
    for (uint32_t i = 0; i < LOOKUP_BLOCK; i++) {
        tables[i * apart] = block[i];
        block[i] += step;
        __asm volatile("" : "+r"(block[i])::"memory");
    }
    return tables + LOOKUP_BLOCK * apart;
}

/* Write the entries of one field, from the steps that lookup_steps makes for blocks of eight. Returns
 * the place after them. */
__attribute__((always_inline)) static inline uint32_t *
lookup_fill(const uint32_t *steps, uint32_t width, uint32_t apart, uint32_t *tables) {
    uint32_t block[LOOKUP_BLOCK] = {steps[0]};
#pragma GCC unroll 8
    for (uint32_t i = 1; i < LOOKUP_BLOCK; i++) {
        const uint32_t bit = i < 2u ? 0u : i < 4u ? 1u : 2u;
        block[i] = block[i - (1u << bit)] + steps[bit + 1u];
    }
    const uint32_t step_0 = steps[4];
    const uint32_t step_1 = steps[5];
    /* Each time four blocks; the step to the next four is that of bit 2 of the block's number, or of
     * bit 3, which changes once, in the middle of a field of seven bits. */
    for (uint32_t fours = 1u << (width - 5u); fours > 0u; fours--) {
        tables = lookup_block(block, step_0, apart, tables);
        tables = lookup_block(block, step_1, apart, tables);
        tables = lookup_block(block, step_0, apart, tables);
        tables = lookup_block(block, steps[fours == 3u ? 7 : 6], apart, tables);
    }
    return tables;
}

/* Write the tables of a word of K of eight rows. */
static inline void lookup_tables(const uint32_t *x, uint32_t stride, uint32_t rows, uint32_t apart,
                                 uint32_t *tables) {
    uint32_t columns[8];
    uint32_t steps[5u * LOOKUP_STEPS];
    lookup_columns(x, stride, rows, columns);
    lookup_all_steps(columns, 3, 1, steps);
    for (uint32_t field = 0; field < 5u; field++) {
        tables = lookup_fill(steps + field * LOOKUP_STEPS, field < 3u ? 6 : 7, apart, tables);
    }
}

#endif
