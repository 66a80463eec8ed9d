#include "linear_stream.h"
#include "stream_quantize.h"

void sbnn_stream_quantize32(uint32_t m, uint32_t n, uint32_t pre, uint32_t shift, const int32_t *x,
                            const int16_t *scale, const int32_t *bias, int8_t *y) {
    const int32_t half = (int32_t)(1u << pre >> 1);
    for (uint32_t i = 0; i < m; i++) {
        for (uint32_t j = 0; j < n; j++) {
            const int32_t value = stream_value16((*x++ + half) >> pre);
            *y++ = stream_byte(value, scale[j], bias[j], shift);
        }
    }
}
