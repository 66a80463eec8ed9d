#include "runtime/sha256.h"

#include <string.h>

#define BLOCK 64u

static const uint32_t constants[64] = {
    0x428A2F98u, 0x71374491u, 0xB5C0FBCFu, 0xE9B5DBA5u, 0x3956C25Bu, 0x59F111F1u, 0x923F82A4u,
    0xAB1C5ED5u, 0xD807AA98u, 0x12835B01u, 0x243185BEu, 0x550C7DC3u, 0x72BE5D74u, 0x80DEB1FEu,
    0x9BDC06A7u, 0xC19BF174u, 0xE49B69C1u, 0xEFBE4786u, 0x0FC19DC6u, 0x240CA1CCu, 0x2DE92C6Fu,
    0x4A7484AAu, 0x5CB0A9DCu, 0x76F988DAu, 0x983E5152u, 0xA831C66Du, 0xB00327C8u, 0xBF597FC7u,
    0xC6E00BF3u, 0xD5A79147u, 0x06CA6351u, 0x14292967u, 0x27B70A85u, 0x2E1B2138u, 0x4D2C6DFCu,
    0x53380D13u, 0x650A7354u, 0x766A0ABBu, 0x81C2C92Eu, 0x92722C85u, 0xA2BFE8A1u, 0xA81A664Bu,
    0xC24B8B70u, 0xC76C51A3u, 0xD192E819u, 0xD6990624u, 0xF40E3585u, 0x106AA070u, 0x19A4C116u,
    0x1E376C08u, 0x2748774Cu, 0x34B0BCB5u, 0x391C0CB3u, 0x4ED8AA4Au, 0x5B9CCA4Fu, 0x682E6FF3u,
    0x748F82EEu, 0x78A5636Fu, 0x84C87814u, 0x8CC70208u, 0x90BEFFFAu, 0xA4506CEBu, 0xBEF9A3F7u,
    0xC67178F2u,
};

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

/* The schedule of words is kept as a ring of its last sixteen. */
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
                               ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + *word;
        const uint32_t second = (right(s[0], 2) ^ right(s[0], 13) ^ right(s[0], 22)) +
                                ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7u * sizeof *s);
        s[4] += first;
        s[0] = first + second;
    }
    for (int i = 0; i < 8; i++) {
        state[i] += s[i];
    }
}

void sha256(const uint8_t *bytes, uint32_t count, uint8_t *digest) {
    uint32_t state[8] = {
        0x6A09E667u, 0xBB67AE85u, 0x3C6EF372u, 0xA54FF53Au,
        0x510E527Fu, 0x9B05688Cu, 0x1F83D9ABu, 0x5BE0CD19u,
    };
    uint32_t done = 0;
    for (; count - done >= BLOCK; done += BLOCK) {
        absorb(state, bytes + done);
    }
    /* The rest, a one bit, zeros, and the number of bits: one block more, or two. */
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
