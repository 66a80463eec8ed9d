#include "lookup.h"
#include "lookup_add16.h"

/* The middle fields (bits 12 to 17) of both words are added before they are summed. */
void sbnn_lookup_add16_pair(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                            uint32_t *sums) {
    const char *const base = lookup_base(tables);
    const char *const second_base = lookup_base(tables + 2u * LOOKUP_ENTRIES);
    for (uint32_t *const end = sums + 4u * n; sums != end; sums += 4, w += stride) {
        const uint32_t first = w[0];
        const uint32_t second = w[1];
        lookup_sums found = LOOKUP_LOAD;
        lookup_add_ends(base, first, &found);
        lookup_add_ends(second_base, second, &found);
        lookup_add_both(LOOKUP_MIDDLE(base, first), LOOKUP_MIDDLE(second_base, second), &found);
        LOOKUP_STORE;
    }
}
