/* What the bootloader uses of <string.h>, byte by byte: newlib's is fast, and takes 800 bytes more. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Or GCC would make of each of these loops a call of the function that it stands in. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    uint8_t *out = to;
    const uint8_t *in = from;
    while (count-- > 0u) {
        *out++ = *in++;
    }
    return to;
}

void *memset(void *to, int value, size_t count) {
    uint8_t *out = to;
    while (count-- > 0u) {
        *out++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t count) {
    const uint8_t *a = left;
    const uint8_t *b = right;
    while (count-- > 0u) {
        const int difference = *a++ - *b++;
        if (difference != 0) {
            return difference;
        }
    }
    return 0;
}
