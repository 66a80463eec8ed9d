#include "linear_stream.h"
#include "stream_halves.h"
#include "stream_quantize.h"

#include <arm_acle.h>
#include <string.h>

/* Two samples of a channel at a time. Their bytes are packed, and one less, saturated, and one more
 * makes -127 of -128 in both. */
void sbnn_stream_quantize_turned(uint32_t m, uint32_t n, uint32_t shift, const int16_t *x,
                                 const int16_t *scale, const int32_t *bias, int8_t *y) {
    for (uint32_t j = 0; j < n; j++) {
        int8_t *to = y++;
        const int32_t factor = *scale++;
        const int32_t added = *bias++;
        for (uint32_t left = m / 2u; left > 0u; left--) {
            int32_t pair;
            memcpy(&pair, x, sizeof pair);
            x += 2;
            const int32_t first = stream_value8(__smlabb(pair, factor, added) >> shift);
            const int32_t second = stream_value8(__smlatb(pair, factor, added) >> shift);
            int32_t bytes = stream_low_halves(first, second);
            bytes = (int32_t)__qadd8(__qsub8((int8x4_t)bytes, 0x010001), 0x010001);
            to[0] = (int8_t)bytes;
            to[n] = (int8_t)(bytes >> 16);
            to += 2u * n;
        }
        if (m % 2u != 0u) {
            *to = stream_byte(*x++, factor, added, shift);
        }
    }
}
