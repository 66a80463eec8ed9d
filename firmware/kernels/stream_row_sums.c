#include "stream_bytes.h"

void sbnn_stream_row_sums(const int8_t *x, const int8_t *w, uint32_t terms, uint32_t a, uint32_t pre,
                          uint16_t *place) {
    for (; a > 0u; a--, w += terms, place += STREAM_ROWS) {
        int32_t sum = 0;
        for (uint32_t term = 0; term < terms; term++) {
            sum += x[term] * w[term];
        }
        stream_store(place, sum, pre);
    }
}
