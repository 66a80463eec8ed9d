#include "runtime/sha512.h"

#include <string.h>

#include "runtime/sha2.h"

/* Without this, GCC would call memmove to move seven words. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

#define BLOCK_BYTES 128u

#if UINTPTR_MAX > UINT32_MAX

static uint64_t right(uint64_t value, uint32_t bits) {
    return value >> bits | value << (64u - bits);
}

#else

/* Rotate right by 1 to 63 bits, but not by 32. Not inline: ten inlined copies would be larger than the
 * rest of the hash. */
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

#endif

/* The three rotations of each function of the standard. For the last two functions the third is a
 * shift. */
enum { BIG_0, BIG_1, SMALL_0, SMALL_1 };
static const uint8_t rotations[][3] = {{28, 34, 39}, {14, 18, 41}, {1, 8, 7}, {19, 61, 6}};

__attribute__((noinline)) static uint64_t mix(uint64_t value, int function) {
    const uint8_t *const by = rotations[function];
    const uint64_t third = function < SMALL_0 ? right(value, by[2]) : value >> by[2];
    return right(value, by[0]) ^ right(value, by[1]) ^ third;
}

static uint64_t constant(uint32_t at) {
    return (uint64_t)sha2_high[at] << 32 | sha2_low[at];
}

/* Process one block. Only the last sixteen words of the message schedule are kept, as a ring. */
static void absorb(sha512_context *context) {
    uint64_t s[8], *const w = context->block;
    memcpy(s, context->state, sizeof s);
    for (uint32_t i = 0; i < SHA2_ROUNDS; i++) {
        uint64_t *const word = &w[i % 16u];
        if (i >= 16u) {
            *word +=
                w[(i + 9u) % 16u] + mix(w[(i + 1u) % 16u], SMALL_0) + mix(w[(i + 14u) % 16u], SMALL_1);
        }
        const uint64_t first = s[7] + mix(s[4], BIG_1) + ((s[4] & s[5]) ^ (~s[4] & s[6])) +
                               constant(SHA2_INITIAL + i) + *word;
        const uint64_t second = mix(s[0], BIG_0) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
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
    sha2_prepare();
    for (uint32_t i = 0; i < SHA2_INITIAL; i++) {
        context->state[i] = constant(i);
    }
    context->count = 0;
}

void sha512_update(sha512_context *context, const uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint64_t *const word = &context->block[context->count / 8u % 16u];
        *word = *word << 8 | bytes[i];
        if (++context->count % BLOCK_BYTES == 0u) {
            absorb(context);
        }
    }
}

/* The padding: a one bit, zeros, and the number of bits in two words, of which the upper is always
 * 0. */
void sha512_end(sha512_context *context) {
    const uint32_t bits = 8u * context->count;
    uint8_t byte = 0x80;
    do {
        sha512_update(context, &byte, 1);
        byte = 0;
    } while (context->count % BLOCK_BYTES != BLOCK_BYTES - 16u);
    context->block[14] = 0;
    context->block[15] = bits;
    absorb(context);
}
