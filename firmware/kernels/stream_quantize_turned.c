#include "linear_stream.h"
#include "stream_quantize.h"

void sbnn_stream_quantize_turned(uint32_t m, uint32_t n, uint32_t shift, const int16_t *x,
                                 const int16_t *scale, const int32_t *bias, int8_t *y) {
    for (uint32_t j = 0; j < n; j++) {
        int8_t *to = y++;
        const int32_t factor = *scale++;
        const int32_t added = *bias++;
#pragma GCC unroll 2
        for (uint32_t i = m; i > 0u; i--) {
            *to = stream_byte(*x++, factor, added, shift);
            to += n;
        }
    }
}
