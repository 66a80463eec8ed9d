#include "linear_stream.h"
#include "stream_quantize.h"

void sbnn_stream_quantize_image(uint32_t m, uint32_t n, uint32_t shift, const uint8_t *x,
                                const int16_t *scale, const int32_t *bias, void *workspace, int8_t *y) {
    int8_t *const bytes = workspace;
    for (uint32_t j = 0; j < n; j++) {
        for (int32_t value = 0; value < 256; value++) {
            bytes[value] = stream_byte(value, scale[j], bias[j], shift);
        }
        int8_t *to = y + j;
#pragma GCC unroll 4
        for (uint32_t i = m; i > 0u; i--) {
            *to = bytes[*x++];
            to += n;
        }
    }
}
