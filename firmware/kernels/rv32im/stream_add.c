#include "lookup_add8.h"
#include "stream.h"

void sbnn_stream_add(const uint32_t *tables, const uint32_t *w, uint32_t n, uint32_t *sums) {
    const char *const base = lookup_base(tables);
    for (uint32_t *const end = sums + 4u * n; sums != end; sums += 4) {
        const uint32_t word = *w++;
        uint32_t low = sums[0];
        uint32_t high = sums[1];
        LOOKUP_ENDS(0, word);
        lookup_add(LOOKUP_MIDDLE(0, word), &low, &high);
        sums[0] = low;
        sums[1] = high;
    }
}
