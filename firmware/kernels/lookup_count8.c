#include "lookup_count.h"

lookup_counts sbnn_lookup_count8(uint32_t rows, uint32_t n, uint32_t k, const uint32_t *x,
                                 const uint32_t *w, uint32_t *workspace) {
    return lookup_count(8u, rows, n, k, x, w, workspace);
}
