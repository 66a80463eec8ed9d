#include "attend.h"

#include <string.h>

void sbnn_attend_one(const uint32_t *tables, const uint32_t *w, uint32_t n, uint32_t *counts) {
    memset(counts, 0, n * ATTEND_COUNTS * sizeof *counts);
    sbnn_attend_one_more(tables, w, 1, n, counts);
}
