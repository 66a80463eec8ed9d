#include "runtime/sha512.h"

#include <string.h>

#include "runtime/sha2.h"

/* Or GCC would call memmove for seven words. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

#define LENGTH_AT 112u /* in the last block: the number of bits, in sixteen bytes */

/* By 1 to 63 bits, not 32. Not inline: ten of these would take more than the rest. */
__attribute__((noinline)) static uint64_t right(uint64_t value, uint32_t bits) {
    uint32_t low = (uint32_t)value;
    uint32_t high = (uint32_t)(value >> 32);
    if (bits > 32u) {
        low = high;
        high = (uint32_t)value;
        bits -= 32u;
    }
    const uint32_t out = low << (32u - bits);
    low = low >> bits | high << (32u - bits);
    high = high >> bits | out;
    return (uint64_t)high << 32 | low;
}

/* The schedule of words is kept as a ring of its last sixteen. */
static void absorb(sha512_context *context) {
    uint64_t s[8], w[16] = {0};
    memcpy(s, context->state, sizeof s);
    for (uint32_t i = 0; i < 80u; i++) {
        uint64_t *const word = &w[i % 16u];
        if (i < 16u) {
            for (uint32_t byte = 0; byte < 8u; byte++) {
                *word = *word << 8 | context->block[8u * i + byte];
            }
        } else {
            const uint64_t a = w[(i + 1u) % 16u];
            const uint64_t b = w[(i + 14u) % 16u];
            *word += w[(i + 9u) % 16u] + (right(a, 1) ^ right(a, 8) ^ a >> 7) +
                     (right(b, 19) ^ right(b, 61) ^ b >> 6);
        }
        const uint64_t first = s[7] + (right(s[4], 14) ^ right(s[4], 18) ^ right(s[4], 41)) +
                               ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha2_rounds[i] + *word;
        const uint64_t second = (right(s[0], 28) ^ right(s[0], 34) ^ right(s[0], 39)) +
                                ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        for (int at = 7; at > 0; at--) {
            s[at] = s[at - 1];
        }
        s[4] += first;
        s[0] = first + second;
    }
    for (uint32_t i = 0; i < 8u; i++) {
        context->state[i] += s[i];
    }
}

void sha512_begin(sha512_context *context) {
    memcpy(context->state, sha2_initial, sizeof context->state);
    context->count = 0;
}

void sha512_update(sha512_context *context, const uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        context->block[context->count++ % SHA512_BLOCK_BYTES] = bytes[i];
        if (context->count % SHA512_BLOCK_BYTES == 0u) {
            absorb(context);
        }
    }
}

/* A one bit, zeros, and the number of bits: of these, four bytes are enough. */
void sha512_end(sha512_context *context, uint8_t *digest) {
    const uint32_t bits = 8u * context->count;
    uint8_t byte = 0x80;
    do {
        sha512_update(context, &byte, 1);
        byte = 0;
    } while (context->count % SHA512_BLOCK_BYTES != LENGTH_AT);
    memset(context->block + LENGTH_AT, 0, SHA512_BLOCK_BYTES - LENGTH_AT);
    for (uint32_t i = 0; i < 4u; i++) {
        context->block[SHA512_BLOCK_BYTES - 1u - i] = (uint8_t)(bits >> 8u * i);
    }
    absorb(context);
    for (uint32_t i = 0; i < 64u; i++) {
        digest[i] = (uint8_t)(context->state[i / 8u] >> (56u - 8u * (i % 8u)));
    }
}
