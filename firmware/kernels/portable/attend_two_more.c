#include "attend.h"

void sbnn_attend_two_more(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                          uint32_t *counts) {
    sbnn_attend_one_more(tables, w, stride, n, counts);
    sbnn_attend_one_more(tables + ATTEND_TABLE, w + 1, stride, n, counts);
}
