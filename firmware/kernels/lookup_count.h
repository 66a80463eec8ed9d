/* The counting of a block of rows, for 8 and for 16 rows that share a look-up. */
#ifndef SBNN_KERNELS_LOOKUP_COUNT_H
#define SBNN_KERNELS_LOOKUP_COUNT_H

#include "lookup.h"
#include "lookup_first.h"

#include <string.h>

/* Two words of K per step: build their tables, then look up the two weight words of every output. The
 * add functions go through all outputs for one set of tables, because building a table costs more than
 * a look-up. If k is too large for byte counts, the sums are moved to halfwords every
 * LOOKUP_CHUNK_WORDS words and after the last, which clears them. `lanes` is a constant, so that a
 * program has only the functions for the rows that it uses. */
__attribute__((always_inline)) static inline lookup_counts
lookup_count(uint32_t lanes, uint32_t rows, uint32_t n, uint32_t k, const uint32_t *x,
             const uint32_t *w, uint32_t *workspace) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t groups = lanes / 8u;
    const uint32_t pairs = n * groups;
    uint32_t *const tables = workspace;
    uint32_t *const sums = tables + 2u * groups * LOOKUP_ENTRIES;
    uint32_t *const wide = sums + 2u * pairs;
    const int is_wide = lookup_is_wide(k);
    /* Where the first sums are stored, only the wide counts are cleared. */
    const int stores = LOOKUP_FIRST_STORES && groups == 2u && words > 1u;
    if (!stores) {
        memset(sums, 0, (is_wide ? 6u : 2u) * pairs * sizeof *sums);
    } else if (is_wide) {
        memset(wide, 0, 4u * pairs * sizeof *wide);
    }
    for (uint32_t word = 0; word < words; word += 2u) {
        const int two = word + 1u < words;
        const int first = stores && (is_wide ? word % LOOKUP_CHUNK_WORDS == 0u : word == 0u);
        if (groups == 2u) {
            sbnn_lookup_tables16(x + word, words, rows, tables);
            if (two) {
                sbnn_lookup_tables16(x + word + 1u, words, rows, tables + 2u * LOOKUP_ENTRIES);
                if (first) {
                    sbnn_lookup_first16_pair(tables, w + word, words, n, sums);
                } else {
                    sbnn_lookup_add16_pair(tables, w + word, words, n, sums);
                }
            } else {
                sbnn_lookup_add16(tables, w + word, words, n, sums);
            }
        } else {
            sbnn_lookup_tables8(x + word, words, rows, tables);
            if (two) {
                sbnn_lookup_tables8(x + word + 1u, words, rows, tables + LOOKUP_ENTRIES);
                sbnn_lookup_add8_pair(tables, w + word, words, n, sums);
            } else {
                sbnn_lookup_add8(tables, w + word, words, n, sums);
            }
        }
        if (is_wide && ((word + 2u) % LOOKUP_CHUNK_WORDS == 0u || word + 2u >= words)) {
            sbnn_lookup_widen(sums, pairs, wide);
        }
    }
    return (lookup_counts){is_wide ? wide : sums, lookup_next(k) * groups, rows < 8u ? rows : 8u, n, k};
}

#endif
