/* Numbers modulo 2^255 - 19, for Ed25519. */
#ifndef SBNN_RUNTIME_NUMBER25519_H
#define SBNN_RUNTIME_NUMBER25519_H

#include <stdint.h>

#define NUMBER25519_WORDS 8

/* The lowest word first. Any 256 bits are a valid number; it need not be reduced. */
typedef uint32_t number25519[NUMBER25519_WORDS];

/* r = a * b + c, less than 2^255; all four may be the same array. Zero words of b take almost no time.
 */
void number25519_multiply_add(uint32_t *r, const uint32_t *a, const uint32_t *b, const uint32_t *c);

/* r = a - b, any 256 bits; all three may be the same array. A product with -1 takes as long as any
 * other product, and a sum of two points has four subtractions and nine products. */
void number25519_subtract(uint32_t *r, const uint32_t *a, const uint32_t *b);

#endif
