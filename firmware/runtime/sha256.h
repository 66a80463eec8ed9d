/* SHA-256 (FIPS 180-4) of bytes in memory. */
#ifndef SBNN_RUNTIME_SHA256_H
#define SBNN_RUNTIME_SHA256_H

#include <stdint.h>

/* Write the digest of `count` bytes to the 32 bytes at `digest`. */
void sha256(const uint8_t *bytes, uint32_t count, uint8_t *digest);

#endif
