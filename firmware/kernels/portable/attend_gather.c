#include "attend.h"
#include "attend_below.h"

/* Each new bit enters at the top of its byte and shifts the earlier ones down. */
void sbnn_attend_gather(const uint32_t *counts, uint32_t n, const uint32_t *limits, uint32_t *bits) {
    for (uint32_t first = 0; first < n; first += 8u) {
        uint32_t found[ATTEND_COUNTS] = {0};
        for (uint32_t j = first; j < first + 8u; j++) {
#pragma GCC unroll 4
            for (uint32_t i = 0; i < ATTEND_COUNTS; i++) {
                found[i] >>= 1;
                found[i] |= j < n ? attend_below(counts[i], limits[i]) : 0u;
            }
            counts += j < n ? ATTEND_COUNTS : 0u;
        }
        for (uint32_t i = 0; i < ATTEND_COUNTS; i++) {
            *bits++ = found[i];
        }
    }
}
