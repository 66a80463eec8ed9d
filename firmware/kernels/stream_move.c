#include "linear_stream.h"

#include <string.h>

/* Words, four at a time, if both addresses are multiples of 4, and the rest byte by byte. */
void sbnn_stream_move(uint32_t bytes, uint32_t first, const void *x, void *y) {
    const uint8_t *from = x;
    uint8_t *to = (uint8_t *)y + first;
    if ((((uintptr_t)from | (uintptr_t)to) & 3u) == 0u) {
        for (; bytes >= 16u; bytes -= 16u, from += 16, to += 16) {
            uint32_t words[4];
            memcpy(words, __builtin_assume_aligned(from, 4), sizeof words);
            memcpy(__builtin_assume_aligned(to, 4), words, sizeof words);
        }
    }
    for (; bytes > 0u; bytes--) {
        *to++ = *from++;
    }
}
