/* Ed25519 signatures, verified (RFC 8032, section 5.1.7). */
#ifndef SBNN_RUNTIME_ED25519_H
#define SBNN_RUNTIME_ED25519_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/number25519.h"

#define ED25519_SIGNATURE_BYTES 64u

/* A public key A, already decoded. The program that decodes it checks that it is a point of the
 * curve. */
typedef struct {
    uint8_t encoded[32];
    number25519 minus_x; /* the x of -A */
} ed25519_key;

/* Whether `signature` is a signature of the `count` bytes of `message` by the owner of `key`.
 *
 * The key is trusted: it is built in and is not received over a wire. All inputs are public, so the run
 * time may depend on them. `difference`, which the caller sets to DIFFERENCE_UNKNOWN, becomes 0 only
 * after the whole computation, and only for such a signature. */
bool ed25519_verify(const uint8_t *signature, const ed25519_key *key, const uint8_t *message,
                    uint32_t count, uint32_t *difference);

#endif
