#include "linear_stream.h"
#include "stream_quantize.h"

void sbnn_stream_quantize16(uint32_t m, uint32_t n, uint32_t shift, const int16_t *x,
                            const int16_t *scale, const int32_t *bias, int8_t *y) {
    for (; m > 0u; m--) {
        for (uint32_t j = 0; j < n; j++) {
            *y++ = stream_byte(*x++, scale[j], bias[j], shift);
        }
    }
}
