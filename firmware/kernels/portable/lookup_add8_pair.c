#include "lookup.h"

void sbnn_lookup_add8_pair(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                           uint32_t *sums) {
    sbnn_lookup_add8(tables, w, stride, n, sums);
    sbnn_lookup_add8(tables + LOOKUP_ENTRIES, w + 1, stride, n, sums);
}
