#include "attend_add.h"

void sbnn_attend_one_more(const uint32_t *tables, const uint32_t *w, uint32_t stride, uint32_t n,
                          uint32_t *counts) {
    for (; n > 0u; n--, w += stride, counts += ATTEND_COUNTS) {
        attend_add(tables, *w, counts);
    }
}
