/* Little-endian numbers at any alignment. */
#ifndef SBNN_RUNTIME_BYTES_H
#define SBNN_RUNTIME_BYTES_H

#include <stdint.h>

static inline uint16_t bytes_load16(const uint8_t *at) {
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t bytes_load32(const uint8_t *at) {
    return (uint32_t)bytes_load16(at) | (uint32_t)bytes_load16(at + 2) << 16;
}

static inline void bytes_store16(uint8_t *at, uint16_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void bytes_store32(uint8_t *at, uint32_t value) {
    bytes_store16(at, (uint16_t)value);
    bytes_store16(at + 2, (uint16_t)(value >> 16));
}

static inline void bytes_store64(uint8_t *at, uint64_t value) {
    bytes_store32(at, (uint32_t)value);
    bytes_store32(at + 4, (uint32_t)(value >> 32));
}

#endif
