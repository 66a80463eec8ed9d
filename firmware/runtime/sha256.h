/* SHA-256 (FIPS 180-4) of bytes that lie in memory. */
#ifndef SBNN_RUNTIME_SHA256_H
#define SBNN_RUNTIME_SHA256_H

#include <stdint.h>

/* Write the 32 bytes of the digest of `count` bytes. */
void sha256(const uint8_t *bytes, uint32_t count, uint8_t *digest);

#endif
