/* Ed25519 signatures, verified (RFC 8032, section 5.1.7). */
#ifndef SBNN_RUNTIME_ED25519_H
#define SBNN_RUNTIME_ED25519_H

#include <stdbool.h>
#include <stdint.h>

#define ED25519_KEY_BYTES 32u
#define ED25519_SIGNATURE_BYTES 64u

/* Whether `signature` is one of the `count` bytes of `message` by the owner of `key`.
 *
 * The key is trusted: one that some library made, not one that came over a wire. Everything here is
 * public, so the time it takes may depend on it. */
bool ed25519_verify(const uint8_t *signature, const uint8_t *key, const uint8_t *message,
                    uint32_t count);

#endif
