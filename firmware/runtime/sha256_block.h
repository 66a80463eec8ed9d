/* SHA-256 of one block of 64 bytes, for the files that hash: each has a copy, which its own
 * optimisation fits to its program. Only they include it. */
#ifndef SBNN_RUNTIME_SHA256_BLOCK_H
#define SBNN_RUNTIME_SHA256_BLOCK_H

#include <stdint.h>
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

#endif
