#include "lookup_add16.h"
#include "lookup.h"

void sbnn_lookup_add16(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                       uint32_t *sums) {
    const char *const base = lookup_base(tables);
    for (uint32_t *const end = sums + 4u * n; sums != end; sums += 4, w += stride) {
        const uint32_t word = *w;
        lookup_sums found = LOOKUP_LOAD;
        lookup_add_ends(base, word, &found);
        const uint32_t *const middle = LOOKUP_MIDDLE(base, word);
        lookup_add(middle[0], &found.low[0], &found.high[0]);
        lookup_add(middle[1], &found.low[1], &found.high[1]);
        LOOKUP_STORE;
    }
}
