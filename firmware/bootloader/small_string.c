/* The functions of <string.h> that the bootloader uses, byte by byte. newlib's are faster but take 800
 * bytes more. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Without this, GCC would replace each of these loops by a call of the function that contains it. */
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
