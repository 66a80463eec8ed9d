/* SHA-256 (FIPS 180-4) of bytes that are in several parts of memory. */
#ifndef SBNN_RUNTIME_SHA256_PARTS_H
#define SBNN_RUNTIME_SHA256_PARTS_H

#include <stdint.h>

typedef struct {
    uint32_t state[8];
    uint8_t block[64]; /* the bytes since the last whole block */
    uint32_t count;    /* of all bytes; at most 2^32 - 1 */
} sha256_parts;

/* Begin a digest: of no bytes so far. */
void sha256_begin(sha256_parts *parts);

/* Continue it with `count` bytes. */
void sha256_add(sha256_parts *parts, const void *bytes, uint32_t count);

/* Write the digest to the 32 bytes at `digest`; `parts` must be begun again before it is used again. */
void sha256_end(sha256_parts *parts, uint8_t *digest);

#endif
