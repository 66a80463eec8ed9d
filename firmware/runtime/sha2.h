/* The constants of FIPS 180-4's hashes: SHA-512's, whose upper halves are SHA-256's.
 *
 * A bootloader that checks signatures computes them with the arithmetic it has for these; in another
 * one SHA-256's stand as they are. */
#ifndef SBNN_RUNTIME_SHA2_H
#define SBNN_RUNTIME_SHA2_H

#include <stdint.h>

#include "board.h"

#define SHA2_INITIAL 8 /* words of the first state: square roots of the first primes */
#define SHA2_ROUNDS 80 /* words of the rounds: cube roots; of SHA-256 the first 64 */

#ifdef SBNN_PUBLIC_KEY

extern uint32_t sha2_high[SHA2_INITIAL + SHA2_ROUNDS], sha2_low[SHA2_INITIAL + SHA2_ROUNDS];

/* Compute them, if that was not done yet. */
void sha2_prepare(void);

#else

extern const uint32_t sha2_high[SHA2_INITIAL + 64];

static inline void sha2_prepare(void) {
}

#endif

#endif
