#include "stream_terms.h"

void sbnn_stream_dots(const stream_term *patch, const uint32_t *w, uint32_t terms, int32_t sums[4]) {
    int32_t found[4] = {0};
    for (uint32_t k = 0; k < terms; k++) {
        for (uint32_t pair = 0; pair < 2u; pair++, w++) {
            const int32_t first = (int16_t)(*w & 65535u);
            const int32_t second = (int16_t)((*w - (uint32_t)first) >> 16);
            found[2u * pair] += patch[k] * first;
            found[2u * pair + 1u] += patch[k] * second;
        }
    }
    for (uint32_t i = 0; i < 4u; i++) {
        sums[i] = found[i];
    }
}
