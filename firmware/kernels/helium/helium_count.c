#include "helium.h"

#include <arm_mve.h>

static void clear(uint8_t *memory, uint32_t vectors) {
    for (; vectors > 0u; vectors--) {
        vst1q_u8(memory, vdupq_n_u8(0));
        memory += 16;
    }
}

/* Two words of K per step: build their tables, then look up the two weight words of every output. If k
 * is too large for byte counts, the sums are moved to halfwords every HELIUM_CHUNK_WORDS words and
 * after the last; `below` is how much their high nibbles are too low by then. */
helium_counts sbnn_helium_count(uint32_t rows, uint32_t n, uint32_t k, const uint32_t *x,
                                const uint32_t *w, uint8_t *workspace) {
    const uint32_t words = (k + 31u) / 32u;
    const int is_wide = helium_is_wide(k);
    uint8_t *const tables = workspace;
    uint8_t *const sums = tables + HELIUM_TABLE_BYTES;
    uint16_t *const wide = (uint16_t *)(void *)(sums + 32u * n);
    uint32_t below = 0;
    clear(sums, (is_wide ? 6u : 2u) * n);
    for (uint32_t word = 0; word < words; word += 2u) {
        const uint32_t two = word + 1u < words;
        sbnn_helium_tables(x + word, words, rows, two, tables);
        if (two) {
            sbnn_helium_add_pair(tables, w + word, words, n, sums);
        } else {
            sbnn_helium_add_one(tables, w + word, words, n, sums);
        }
        below += two ? HELIUM_PAIR_BELOW : HELIUM_ONE_BELOW;
        if (is_wide && ((word + 2u) % HELIUM_CHUNK_WORDS == 0u || word + 2u >= words)) {
            sbnn_helium_widen(sums, n, below, wide);
            below = 0;
        }
    }
    return (helium_counts){sums, wide, below, rows, n, k};
}
