/* CRC-32 as zlib computes it. */
#ifndef SBNN_RUNTIME_CRC32_H
#define SBNN_RUNTIME_CRC32_H

#include <stdint.h>

/* The CRC of `count` more bytes, continued from `crc` (0 at the start). */
uint32_t crc32_update(uint32_t crc, const uint8_t *bytes, uint32_t count);

#endif
