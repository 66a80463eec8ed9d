/* Look-ups on RV32IM, which has neither a bit-field instruction nor a scaled address: an index comes
 * from the weight word as a distance in bytes, by a shift and an AND with an immediate.
 *
 * A load reaches from 2048 bytes before its address to 2047 after it. So tables are addressed from a
 * base 2048 bytes after their start, which reaches the first 4096. */
#ifndef SBNN_KERNELS_LOOKUP_ADD_H
#define SBNN_KERNELS_LOOKUP_ADD_H

#include <stdint.h>

#define LOOKUP_NIBBLES 0x0F0F0F0Fu
#define LOOKUP_REACH 2048

/* Hides how an address was made: the compiler would add the constant part once more for each look-up,
 * where the distance of a load does it. */
__attribute__((always_inline)) static inline const char *lookup_hidden(const char *address) {
    __asm("" : "+r"(address));
    return address;
}

/* The base for tables that begin at a word. */
__attribute__((always_inline)) static inline const char *lookup_base(const uint32_t *tables) {
    return lookup_hidden((const char *)tables + LOOKUP_REACH);
}

/* The entry of the weights' bits `first` to `first` + `width` - 1, of 2^up bytes, in the table that
 * begins `at` bytes after the start of the base's. */
__attribute__((always_inline)) static inline const uint32_t *
lookup_entry(const char *base, int at, uint32_t w, uint32_t first, uint32_t width, uint32_t up) {
    const uint32_t shifted = first < up ? w << (up - first) : w >> (first - up);
    const uint32_t place = shifted & ((1u << width) - 1u) << up;
    return (const uint32_t *)(const void *)(lookup_hidden(base + place) + (at - LOOKUP_REACH));
}

/* Add a sum of entries to a pair of sums. */
__attribute__((always_inline)) static inline void lookup_add(uint32_t entries, uint32_t *low,
                                                             uint32_t *high) {
    *low += entries;
    *high += entries >> 4 & LOOKUP_NIBBLES;
}

#endif
