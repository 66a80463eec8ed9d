#include "runtime/sha256.h"

#include <string.h>

#include "runtime/sha2.h"

/* Without this, GCC would call memmove to move seven words. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

#define BLOCK 64u

static uint32_t right(uint32_t value, uint32_t bits) {
    return value >> bits | value << (32u - bits);
}

static uint32_t load(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void store(uint8_t *at, uint32_t value) {
    for (int i = 3; i >= 0; i--) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
}

/* Process one block. Only the last sixteen words of the message schedule are kept, as a ring. */
static void absorb(uint32_t *state, const uint8_t *block) {
    uint32_t s[8], w[16];
    memcpy(s, state, sizeof s);
    for (uint32_t i = 0; i < 64u; i++) {
        uint32_t *const word = &w[i % 16u];
        if (i < 16u) {
            *word = load(block + 4u * i);
        } else {
            const uint32_t a = w[(i + 1u) % 16u];
            const uint32_t b = w[(i + 14u) % 16u];
            *word += w[(i + 9u) % 16u] + (right(a, 7) ^ right(a, 18) ^ a >> 3) +
                     (right(b, 17) ^ right(b, 19) ^ b >> 10);
        }
        const uint32_t first = s[7] + (right(s[4], 6) ^ right(s[4], 11) ^ right(s[4], 25)) +
                               ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha2_high[SHA2_INITIAL + i] + *word;
        const uint32_t second = (right(s[0], 2) ^ right(s[0], 13) ^ right(s[0], 22)) +
                                ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        for (int at = 7; at > 0; at--) {
            s[at] = s[at - 1];
        }
        s[4] += first;
        s[0] = first + second;
    }
    for (int i = 0; i < 8; i++) {
        state[i] += s[i];
    }
}

void sha256(const uint8_t *bytes, uint32_t count, uint8_t *digest) {
    uint32_t state[8];
    sha2_prepare();
    memcpy(state, sha2_high, sizeof state);
    uint32_t done = 0;
    for (; count - done >= BLOCK; done += BLOCK) {
        absorb(state, bytes + done);
    }
    /* The padding: the remaining bytes, a one bit, zeros, and the number of bits. It takes one or two
     * blocks. */
    uint8_t last[2u * BLOCK] = {0};
    const uint32_t rest = count - done;
    const uint32_t padded = rest < BLOCK - 8u ? BLOCK : 2u * BLOCK;
    memcpy(last, bytes + done, rest);
    last[rest] = 0x80;
    store(last + padded - 8, count >> 29);
    store(last + padded - 4, count << 3);
    for (done = 0; done < padded; done += BLOCK) {
        absorb(state, last + done);
    }
    for (int i = 0; i < 8; i++) {
        store(digest + 4 * i, state[i]);
    }
}
