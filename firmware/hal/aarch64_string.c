/* The C library functions that the firmware and the models use. Without an operating system there is no
 * C library for AArch64. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Without this, GCC would replace each of these loops by a call of the function that contains it. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

/* glibc's mathematics sets errno. It is stored in `thread` of aarch64.c. */
_Thread_local int errno;

typedef struct {
    uint64_t words[2];
} __attribute__((packed, aligned(1), may_alias)) piece;

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    uint8_t *out = to;
    const uint8_t *in = from;
    for (; count >= sizeof(piece); count -= sizeof(piece)) {
        *(piece *)(void *)out = *(const piece *)(const void *)in;
        out += sizeof(piece);
        in += sizeof(piece);
    }
    while (count-- > 0u) {
        *out++ = *in++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t count) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if ((uintptr_t)out - (uintptr_t)in >= count) {
        return memcpy(to, from, count);
    }
    while (count-- > 0u) {
        out[count] = in[count];
    }
    return to;
}

void *memset(void *to, int value, size_t count) {
    const uint64_t eight = (uint8_t)value * 0x0101010101010101u;
    const piece sixteen = {{eight, eight}};
    uint8_t *out = to;
    for (; count >= sizeof(piece); count -= sizeof(piece)) {
        *(piece *)(void *)out = sixteen;
        out += sizeof(piece);
    }
    while (count-- > 0u) {
        *out++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t count) {
    const uint8_t *a = left;
    const uint8_t *b = right;
    for (; count > 0u; count--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}

size_t strlen(const char *text) {
    size_t count = 0;
    while (text[count] != '\0') {
        count++;
    }
    return count;
}

int strncmp(const char *left, const char *right, size_t count) {
    for (; count > 0u; count--, left++, right++) {
        const uint8_t a = (uint8_t)*left;
        const uint8_t b = (uint8_t)*right;
        if (a != b || a == 0u) {
            return a - b;
        }
    }
    return 0;
}

int strcmp(const char *left, const char *right) {
    return strncmp(left, right, SIZE_MAX / 2u);
}
