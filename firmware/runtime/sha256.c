#include "runtime/sha256.h"

#include <string.h>

#include "runtime/sha256_block.h"

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
