/* SHA-512 (FIPS 180-4), for signatures. */
#ifndef SBNN_RUNTIME_SHA512_H
#define SBNN_RUNTIME_SHA512_H

#include <stdint.h>

typedef struct {
    uint64_t state[8];  /* at the end the digest: each word's highest byte comes first */
    uint64_t block[16]; /* of the same kind of words */
    uint32_t count;     /* bytes so far, at most 2^29 - 1 */
} sha512_context;

void sha512_begin(sha512_context *context);
void sha512_update(sha512_context *context, const uint8_t *bytes, uint32_t count);
void sha512_end(sha512_context *context);

#endif
