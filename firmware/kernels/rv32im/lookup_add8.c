#include "lookup_add8.h"
#include "lookup.h"

void sbnn_lookup_add8(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                      uint32_t *sums) {
    const char *const base = lookup_base(tables);
    for (uint32_t *const end = sums + 2u * n; sums != end; sums += 2, w += stride) {
        const uint32_t word = *w;
        uint32_t low = sums[0];
        uint32_t high = sums[1];
        LOOKUP_ENDS(0, word);
        lookup_add(LOOKUP_MIDDLE(0, word), &low, &high);
        sums[0] = low;
        sums[1] = high;
    }
}
