#include "lookup.h"
#include "lookup_fields.h"

void sbnn_lookup_add8(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                      uint32_t *sums) {
    for (uint32_t j = 0; j < n; j++) {
        lookup_add_word(tables, 1, w[j * stride], sums + 2u * j);
    }
}
