/* SHA-512 (FIPS 180-4), for signatures. */
#ifndef SBNN_RUNTIME_SHA512_H
#define SBNN_RUNTIME_SHA512_H

#include <stdint.h>

#define SHA512_BLOCK_BYTES 128u

typedef struct {
    uint64_t state[8];
    uint8_t block[SHA512_BLOCK_BYTES];
    uint32_t count; /* bytes so far, at most 2^29 - 1 */
} sha512_context;

void sha512_begin(sha512_context *context);
void sha512_update(sha512_context *context, const uint8_t *bytes, uint32_t count);

/* The digest has 64 bytes. */
void sha512_end(sha512_context *context, uint8_t *digest);

#endif
