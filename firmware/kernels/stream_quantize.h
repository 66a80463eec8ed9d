/* One byte of a quantization, see linear_stream.h. */
#ifndef SBNN_KERNELS_STREAM_QUANTIZE_H
#define SBNN_KERNELS_STREAM_QUANTIZE_H

#include <stdint.h>

static inline int32_t stream_limited(int32_t value, int32_t least, int32_t most) {
    return value > most ? most : value < least ? least : value;
}

static inline int32_t stream_value16(int32_t value) {
    return stream_limited(value, -32768, 32767);
}

static inline int8_t stream_byte(int32_t value, int32_t scale, int32_t bias, uint32_t shift) {
    return (int8_t)stream_limited((value * scale + bias) >> shift, -127, 127);
}

#endif
