#include "stream_bytes.h"

void sbnn_stream_plain_sums(const stream_term *patch, const void *w, uint32_t terms, uint32_t a,
                            uint32_t pre, uint16_t *place) {
    const int8_t *weight = w;
    for (; a > 0u; a--, place += STREAM_ROWS) {
        const stream_term *term = patch;
        int32_t sum = 0;
        for (uint32_t left = terms / 4u; left > 0u; left--, term += 4, weight += 4) {
            sum += term[0] * weight[0];
            sum += term[1] * weight[1];
            sum += term[2] * weight[2];
            sum += term[3] * weight[3];
        }
        for (uint32_t left = terms & 3u; left > 0u; left--) {
            sum += *term++ * *weight++;
        }
        stream_store(place, sum, pre);
    }
}
