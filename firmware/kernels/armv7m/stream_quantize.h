/* One byte of a quantization, see linear_stream.h. SSAT saturates to a range of a power of two. */
#ifndef SBNN_KERNELS_STREAM_QUANTIZE_H
#define SBNN_KERNELS_STREAM_QUANTIZE_H

#include <stdint.h>

static inline int32_t stream_value16(int32_t value) {
    int32_t found;
    __asm("ssat %0, #16, %1" : "=r"(found) : "r"(value));
    return found;
}

static inline int32_t stream_value8(int32_t value) {
    int32_t found;
    __asm("ssat %0, #8, %1" : "=r"(found) : "r"(value));
    return found;
}

static inline int8_t stream_byte(int32_t value, int32_t scale, int32_t bias, uint32_t shift) {
    const int32_t byte = stream_value8((value * scale + bias) >> shift);
    return (int8_t)(byte == -128 ? -127 : byte);
}

#endif
