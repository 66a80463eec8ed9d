#include "runtime/difference.h"

uint32_t difference_of(const void *left, const void *right, uint32_t count) {
    const uint8_t *a = left;
    const uint8_t *b = right;
    uint32_t bits = 0;
    while (count-- > 0u) {
        bits |= (uint32_t)(*a++ ^ *b++);
    }
    return bits;
}
