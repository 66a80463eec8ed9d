#include "runtime/sha256_parts.h"

#include <string.h>

#include "runtime/sha256_block.h"

void sha256_begin(sha256_parts *parts) {
    sha2_prepare();
    memcpy(parts->state, sha2_high, sizeof parts->state);
    parts->count = 0;
}

void sha256_add(sha256_parts *parts, const void *bytes, uint32_t count) {
    const uint8_t *at = bytes;
    const uint32_t used = parts->count % BLOCK;
    parts->count += count;
    if (used != 0u) {
        const uint32_t room = BLOCK - used;
        const uint32_t taken = count < room ? count : room;
        memcpy(parts->block + used, at, taken);
        at += taken;
        count -= taken;
        if (taken < room) {
            return;
        }
        absorb(parts->state, parts->block);
    }
    for (; count >= BLOCK; count -= BLOCK) {
        absorb(parts->state, at);
        at += BLOCK;
    }
    memcpy(parts->block, at, count);
}

void sha256_end(sha256_parts *parts, uint8_t *digest) {
    const uint32_t count = parts->count;
    uint8_t length[8];
    store(length, count >> 29);
    store(length + 4, count << 3);
    /* The padding: a one bit, zeros up to the last eight bytes of a block, and the number of bits. */
    static const uint8_t padding[BLOCK] = {0x80};
    sha256_add(parts, padding, 1u + (BLOCK + 55u - count % BLOCK) % BLOCK);
    sha256_add(parts, length, sizeof length);
    for (int i = 0; i < 8; i++) {
        store(digest + 4 * i, parts->state[i]);
    }
}
