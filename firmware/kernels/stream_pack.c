#include "linear_stream.h"
#include "stream.h"

void sbnn_stream_pack(uint32_t m, uint32_t k, const int16_t *x, const uint32_t *threshold,
                      uint32_t *y) {
    for (uint32_t row = 0; row < m; row++, x += k, y += k / 32u) {
        sbnn_stream_pack_row(x, threshold, k, y);
    }
}
