/* One byte of a quantization, see linear_stream.h. Few values are outside the range, so that one
 * comparison without a sign is enough for most. */
#ifndef SBNN_KERNELS_STREAM_QUANTIZE_H
#define SBNN_KERNELS_STREAM_QUANTIZE_H

#include <stdint.h>

static inline int32_t stream_limited(int32_t value, int32_t most) {
    if ((uint32_t)value + (uint32_t)most > 2u * (uint32_t)most) {
        return value < 0 ? -most : most;
    }
    return value;
}

static inline int32_t stream_value16(int32_t value) {
    const int32_t narrow = (int16_t)value;
    return narrow == value ? value : value >> 31 ^ 32767;
}

static inline int8_t stream_byte(int32_t value, int32_t scale, int32_t bias, uint32_t shift) {
    return (int8_t)stream_limited((value * scale + bias) >> shift, 127);
}

#endif
