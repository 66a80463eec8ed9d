#include "runtime/number25519.h"

#include <string.h>

#define WORDS NUMBER25519_WORDS

void number25519_subtract(uint32_t *r, const uint32_t *a, const uint32_t *b) {
    int64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (int64_t)a[i] - b[i];
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
    /* The result is 2^256 too large where a word was borrowed, and that is 38. */
    while (carry != 0) {
        carry *= 38;
        for (int i = 0; i < WORDS; i++) {
            carry += r[i];
            r[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
}

void number25519_multiply_add(uint32_t *r, const uint32_t *a, const uint32_t *b, const uint32_t *c) {
    uint32_t wide[2 * WORDS] = {0};
    memcpy(wide, c, WORDS * sizeof *c);
    for (int i = 0; i < WORDS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < WORDS && b[i] != 0u; j++) {
            carry += wide[i + j] + (uint64_t)a[j] * b[i];
            wide[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        wide[i + WORDS] = (uint32_t)carry;
    }
    /* Modulo 2^255 - 19, 2^256 is 38 and 2^255 is 19. The first pass folds the upper half into the
     * lower; the others fold the carry and bit 255, until both are zero. */
    uint64_t carry = 0;
    uint32_t *high = wide + WORDS;
    do {
        for (int i = 0; i < WORDS; i++) {
            carry += wide[i] + 38u * (uint64_t)high[i];
            wide[i] = (uint32_t)carry;
            high[i] = 0;
            carry >>= 32;
        }
        carry = 38u * carry + 19u * (wide[WORDS - 1] >> 31);
        wide[WORDS - 1] &= 0x7FFFFFFFu;
    } while (carry != 0u);
    memcpy(r, wide, WORDS * sizeof *r);
}
