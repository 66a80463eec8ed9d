#include "lookup.h"
#include "lookup_add8.h"

#define SECOND ((int)LOOKUP_ENTRIES)

/* The middle fields (bits 12 to 17) of both words are added before they are summed. */
void sbnn_lookup_add8_pair(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                           uint32_t *sums) {
    const char *const base = lookup_base(tables);
    for (uint32_t *const end = sums + 2u * n; sums != end; sums += 2, w += stride) {
        const uint32_t first = w[0];
        const uint32_t second = w[1];
        uint32_t low = sums[0];
        uint32_t high = sums[1];
        LOOKUP_ENDS(0, first);
        LOOKUP_ENDS(SECOND, second);
        lookup_add(LOOKUP_MIDDLE(0, first) + LOOKUP_MIDDLE(SECOND, second), &low, &high);
        sums[0] = low;
        sums[1] = high;
    }
}
