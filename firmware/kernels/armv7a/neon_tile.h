/* Counts a tile in registers. */
#ifndef SBNN_KERNELS_NEON_TILE_H
#define SBNN_KERNELS_NEON_TILE_H

#include <arm_neon.h>

#include "neon_counts.h"

#define NEON_UNROLL _Pragma("GCC unroll 4")

/* The counts of NEON_ROWS rows with 16 * NEON_WIDTH outputs, as bytes. */
typedef struct {
    uint8x16_t of[NEON_ROWS][NEON_WIDTH];
} neon_tile;

/* The rows of x of a tile. If fewer rows exist, the last one is repeated. */
typedef struct {
    const uint32_t *of[NEON_ROWS];
} neon_rows;

static inline neon_rows neon_rows_at(const uint32_t *x, uint32_t stride, uint32_t rows) {
    neon_rows found;
    NEON_UNROLL
    for (uint32_t t = 0; t < NEON_ROWS; t++) {
        found.of[t] = x + (t < rows ? t : rows - 1u) * stride;
    }
    return found;
}

/* Emits no instruction, but keeps GCC from moving an addition past it. Otherwise GCC would keep the
 * counts of all bytes and add them up late, in more registers than exist. */
#define NEON_NOW(count) __asm__ volatile("" : "+w"(count))

/* For each row and output, add the number of mismatches between their bytes `place`. It is a macro
 * because vdupq_lane_u8 takes only a constant lane. */
#define NEON_BYTE(place)                                                                               \
    do {                                                                                               \
        uint8x16_t weights[NEON_WIDTH];                                                                \
        NEON_UNROLL                                                                                    \
        for (uint32_t c = 0; c < NEON_WIDTH; c++) {                                                    \
            weights[c] = vld1q_u8(at + (place) * NEON_PANEL + 16u * c);                                \
        }                                                                                              \
        NEON_UNROLL                                                                                    \
        for (uint32_t t = 0; t < NEON_ROWS; t++) {                                                     \
            const uint8x16_t bits = vdupq_lane_u8(word_of[t], place);                                  \
            NEON_UNROLL                                                                                \
            for (uint32_t c = 0; c < NEON_WIDTH; c++) {                                                \
                tile.of[t][c] = vaddq_u8(tile.of[t][c], vcntq_u8(veorq_u8(bits, weights[c])));         \
            }                                                                                          \
            NEON_UNROLL                                                                                \
            for (uint32_t c = 0; c < NEON_WIDTH; c++) {                                                \
                NEON_NOW(tile.of[t][c]);                                                               \
            }                                                                                          \
        }                                                                                              \
    } while (0)

/* Count the mismatches in words first to last - 1 of K; the counts must fit bytes. `lanes` points to
 * the tile's first output in the panel. */
static inline neon_tile neon_count(const neon_rows *rows, const uint8_t *lanes, uint32_t first,
                                   uint32_t last) {
    neon_tile tile;
    NEON_UNROLL
    for (uint32_t t = 0; t < NEON_ROWS; t++) {
        NEON_UNROLL
        for (uint32_t c = 0; c < NEON_WIDTH; c++) {
            tile.of[t][c] = vdupq_n_u8(0);
        }
    }
    const uint8_t *at = lanes + first * 4u * NEON_PANEL;
    for (uint32_t word = first; word < last; word++) {
        uint8x8_t word_of[NEON_ROWS];
        NEON_UNROLL
        for (uint32_t t = 0; t < NEON_ROWS; t++) {
            word_of[t] = vreinterpret_u8_u32(vld1_dup_u32(rows->of[t] + word));
        }
        NEON_BYTE(0);
        NEON_BYTE(1);
        NEON_BYTE(2);
        NEON_BYTE(3);
        at += 4u * NEON_PANEL;
    }
    return tile;
}

#endif
