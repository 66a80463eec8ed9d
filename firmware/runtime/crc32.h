/* CRC-32 as zlib computes it. */
#ifndef SBNN_RUNTIME_CRC32_H
#define SBNN_RUNTIME_CRC32_H

#include <stdint.h>

/* Continue `crc` (0 to begin) over `count` bytes. */
uint32_t crc32_update(uint32_t crc, const uint8_t *bytes, uint32_t count);

#endif
