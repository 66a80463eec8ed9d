#include "stream.h"

void sbnn_stream_pack_row(const int16_t *x, const uint32_t *threshold, uint32_t k, uint32_t *y) {
    for (uint32_t j = 0; j < k; j++) {
        const int16_t limit = (int16_t)(threshold[j / 2u] >> j % 2u * 16u & 65535u);
        y[j / 32u] = (j % 32u ? y[j / 32u] : 0u) | (uint32_t)(x[j] >= limit) << j % 32u;
    }
}
