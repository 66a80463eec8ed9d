#include "linear_stream.h"

/* Words, four at a time, if both addresses are multiples of 4, and the rest byte by byte. */
void sbnn_stream_move(uint32_t bytes, uint32_t first, const void *x, void *y) {
    const uint8_t *from = x;
    uint8_t *to = (uint8_t *)y + first;
    if ((((uintptr_t)from | (uintptr_t)to) & 3u) == 0u) {
        for (; bytes >= 16u; bytes -= 16u, from += 16, to += 16) {
            const uint32_t *const words = (const uint32_t *)(const void *)from;
            const uint32_t a = words[0], b = words[1], c = words[2], d = words[3];
            uint32_t *const found = (uint32_t *)(void *)to;
            found[0] = a;
            found[1] = b;
            found[2] = c;
            found[3] = d;
        }
    }
    for (; bytes > 0u; bytes--) {
        *to++ = *from++;
    }
}
