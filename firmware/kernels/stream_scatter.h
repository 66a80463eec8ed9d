/* The signs of eight channels become a byte of each row. */
#ifndef SBNN_KERNELS_STREAM_SCATTER_H
#define SBNN_KERNELS_STREAM_SCATTER_H

#include <stdint.h>

/* Byte i of the pair has bits of channel i; after it, byte t has the bits of row t. Bits, pairs and
 * nibbles are exchanged in turn (H. S. Warren, Hacker's Delight, 2nd edition, section 7-3). The bytes
 * are then written, inverted, because a sign is 1 where a bit is 0. */
static inline void stream_scatter(uint32_t low, uint32_t high, uint32_t rows, uint8_t *y,
                                  uint32_t step) {
    uint32_t other = (low ^ low >> 7) & 0x00AA00AAu;
    low ^= other ^ other << 7;
    other = (high ^ high >> 7) & 0x00AA00AAu;
    high ^= other ^ other << 7;
    other = (low ^ low >> 14) & 0x0000CCCCu;
    low ^= other ^ other << 14;
    other = (high ^ high >> 14) & 0x0000CCCCu;
    high ^= other ^ other << 14;
    other = (low ^ high << 4) & 0xF0F0F0F0u;
    low = ~(low ^ other);
    high = ~(high ^ other >> 4);
    for (; rows > 0u; rows--) {
        *y = (uint8_t)low;
        y += step;
        low = low >> 8 | high << 24;
        high >>= 8;
    }
}

#endif
