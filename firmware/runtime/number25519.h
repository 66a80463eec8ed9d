/* Numbers modulo 2^255 - 19, for Ed25519. */
#ifndef SBNN_RUNTIME_NUMBER25519_H
#define SBNN_RUNTIME_NUMBER25519_H

#include <stdint.h>

#define NUMBER25519_WORDS 8

/* The lowest word first; any 256 bits stand for a number. */
typedef uint32_t number25519[NUMBER25519_WORDS];

/* r = a * b + c, less than 2^255; each may be the same as another. The only arithmetic: one is small,
 * and a bootloader has the time. A word of b that is zero costs next to nothing. */
void number25519_multiply_add(uint32_t *r, const uint32_t *a, const uint32_t *b, const uint32_t *c);

#endif
