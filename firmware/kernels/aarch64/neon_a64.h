/* Counts mismatches for AArch64's linear layers and for those of the integer stream. */
#ifndef SBNN_KERNELS_NEON_A64_H
#define SBNN_KERNELS_NEON_A64_H

#include <arm_neon.h>
#include <stdint.h>

#define A64_PANEL 64u /* outputs of a whole panel */
#define A64_TILE 4u   /* rows or patches that are counted at the same time */
#define A64_CHUNK 7u  /* words of K whose counts fit a byte: 7 * 32 = 224 */
#define A64_GROUP 16u /* outputs of a vector */

/* Bytes of K that are next to each other in a row or patch. */
typedef struct {
    uint32_t offset; /* bytes from its begin */
    uint32_t words;  /* the top bit is 1 if the counts of a chunk end here */
} a64_run;

#define A64_LAST 0x80000000u

/* Count the mismatches of rows with 16 * `vectors` outputs: 4, 2 or 1.
 *   rows     where A64_TILE rows begin, or a single one
 *   w        for each byte of K that byte of each output
 *   counts   [chunks][A64_TILE or 1][16 * vectors], written */
void sbnn_a64_count(const uint8_t *const rows[A64_TILE], uint32_t single, uint32_t vectors,
                    const a64_run *runs, uint32_t chunks, const uint8_t *w, uint8_t *counts);

/* The counts of 16 outputs. */
typedef struct {
    uint16x8_t low;
    uint16x8_t high;
} a64_counts;

/* Add those of all chunks, which are `size` bytes apart. Where `chunks` is a constant, there is no
 * loop. */
__attribute__((always_inline)) static inline a64_counts a64_counts_of(const uint8_t *counts,
                                                                      uint32_t chunks, uint32_t size) {
    const uint8x16_t first = vld1q_u8(counts);
    if (chunks == 1u) {
        return (a64_counts){vmovl_u8(vget_low_u8(first)), vmovl_high_u8(first)};
    }
    const uint8x16_t second = vld1q_u8(counts + size);
    a64_counts sums = {vaddl_u8(vget_low_u8(first), vget_low_u8(second)), vaddl_high_u8(first, second)};
#pragma GCC unroll 4
    for (uint32_t chunk = 2; chunk < chunks; chunk++) {
        const uint8x16_t next = vld1q_u8(counts + chunk * size);
        sums.low = vaddw_u8(sums.low, vget_low_u8(next));
        sums.high = vaddw_high_u8(sums.high, next);
    }
    return sums;
}

/* Call make(..., chunks), compiled for each of the usual numbers of chunks. */
#define A64_BY_CHUNKS(chunks, make, ...)                                                               \
    do {                                                                                               \
        switch (chunks) {                                                                              \
        case 1:                                                                                        \
            make(__VA_ARGS__, 1);                                                                      \
            break;                                                                                     \
        case 2:                                                                                        \
            make(__VA_ARGS__, 2);                                                                      \
            break;                                                                                     \
        case 3:                                                                                        \
            make(__VA_ARGS__, 3);                                                                      \
            break;                                                                                     \
        case 4:                                                                                        \
            make(__VA_ARGS__, 4);                                                                      \
            break;                                                                                     \
        default:                                                                                       \
            make(__VA_ARGS__, chunks);                                                                 \
        }                                                                                              \
    } while (0)

/* Bit j of a word is lane j of the 32 lanes of `low` and `high`, each of which is 0 or 255. Every lane
 * keeps its own bit of a byte, and three additions of pairs join eight lanes. */
static inline uint8x16_t a64_place(void) {
    return vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201u));
}

static inline uint32_t a64_word(uint8x16_t low, uint8x16_t high, uint8x16_t place) {
    const uint8x16_t pairs = vpaddq_u8(vandq_u8(low, place), vandq_u8(high, place));
    const uint8x16_t fours = vpaddq_u8(pairs, pairs);
    return vgetq_lane_u32(vreinterpretq_u32_u8(vpaddq_u8(fours, fours)), 0);
}

#endif
