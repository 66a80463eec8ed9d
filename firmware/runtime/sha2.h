/* The constants of FIPS 180-4's hashes. The upper halves of SHA-512's constants are SHA-256's.
 *
 * A bootloader that checks signatures computes them at run time with the arithmetic that it has for
 * signatures, which takes less flash than a table. Any other bootloader has SHA-256's as a table. */
#ifndef SBNN_RUNTIME_SHA2_H
#define SBNN_RUNTIME_SHA2_H

#include <stdint.h>

#include "board.h"

#define SHA2_INITIAL 8 /* words of the initial state: square roots of the first primes */
#define SHA2_ROUNDS 80 /* round constants: cube roots; SHA-256 uses the first 64 */

#ifdef SBNN_PUBLIC_KEY

extern uint32_t sha2_high[SHA2_INITIAL + SHA2_ROUNDS], sha2_low[SHA2_INITIAL + SHA2_ROUNDS];

/* Compute them, unless that is already done. */
void sha2_prepare(void);

#else

extern const uint32_t sha2_high[SHA2_INITIAL + 64];

static inline void sha2_prepare(void) {
}

#endif

#endif
