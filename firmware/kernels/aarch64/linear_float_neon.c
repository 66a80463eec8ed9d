#include "linear_neon.h"
#include "neon_affine.h"
#include "neon_rows64.h"

#include <stddef.h>

/* Twice a count that a float with the exponent of 2^23 has in its low bits; these are its high ones. */
#define HIGH 0x4B00u
#define MAGIC 8388608.0f
#define MOST 32767u /* bits of which twice a count fits 16 bits */

/* The constants of 16 outputs. */
typedef struct {
    float32x4_t scale[4];
    float32x4_t bias[4];
} affine16;

/* 2^23 + 2 * count of 16 outputs, exact. */
typedef struct {
    float32x4_t of[4];
} twice16;

static inline twice16 joined(uint16x8_t low, uint16x8_t top) {
    const uint16x8_t high = vdupq_n_u16(HIGH);
    return (twice16){
        {vreinterpretq_f32_u16(vzip1q_u16(low, high)), vreinterpretq_f32_u16(vzip2q_u16(low, high)),
         vreinterpretq_f32_u16(vzip1q_u16(top, high)), vreinterpretq_f32_u16(vzip2q_u16(top, high))}};
}

__attribute__((always_inline)) static inline twice16 twice(const uint8_t *counts, uint32_t chunks,
                                                           uint32_t size) {
    if (chunks == 1u) {
        const uint8x16_t count = vld1q_u8(counts);
        return joined(vshll_n_u8(vget_low_u8(count), 1), vshll_high_n_u8(count, 1));
    }
    const a64_counts sums = a64_counts_of(counts, chunks, size);
    return joined(vshlq_n_u16(sums.low, 1), vshlq_n_u16(sums.high, 1));
}

/* Multiplication and additions are separate instructions, so that each rounds as scalar code does. The
 * difference of two numbers from 2^23 on is exact, and 0 if they are equal. */
__attribute__((always_inline)) static inline void
make16(const affine16 *by, float32x4_t bits, twice16 found, const float *residual, float *y) {
    float32x4_t added[4];
#pragma GCC unroll 4
    for (uint32_t j = 0; j < 4u && residual != NULL; j++) {
        added[j] = vld1q_f32(residual + 4u * j);
    }
    float32x4_t value[4];
#pragma GCC unroll 4
    for (uint32_t j = 0; j < 4u; j++) {
        value[j] = vaddq_f32(vmulq_f32(by->scale[j], vsubq_f32(bits, found.of[j])), by->bias[j]);
        value[j] = residual == NULL ? value[j] : vaddq_f32(added[j], value[j]);
    }
#pragma GCC unroll 4
    for (uint32_t j = 0; j < 4u; j++) {
        vst1q_f32(y + 4u * j, value[j]);
    }
}

/* Floats of the rows of a tile for 16 outputs. */
__attribute__((always_inline)) static inline void
make_rows(const affine16 *by, float32x4_t bits, const uint8_t *counts, uint32_t size, uint32_t rows,
          uint32_t n, const float *residual, float *y, uint32_t chunks) {
    for (; rows > 0u; rows--, counts += A64_PANEL, y += n) {
        make16(by, bits, twice(counts, chunks, size), residual, y);
        residual = residual == NULL ? NULL : residual + n;
    }
}

/* The outputs that no vector takes, or that have more bits than its lanes. */
static void make_singles(uint32_t k, const uint8_t *counts, uint32_t chunks, uint32_t size,
                         uint32_t outputs, const float *scale, const float *bias, const float *residual,
                         float *y) {
    for (uint32_t j = 0; j < outputs; j++) {
        uint32_t count = 0;
        for (uint32_t chunk = 0; chunk < chunks; chunk++) {
            count += counts[chunk * size + j];
        }
        const float value = neon_affine(k, count, scale[j], bias[j]);
        y[j] = residual == NULL ? value : residual[j] + value;
    }
}

static inline affine16 affine_at(const float *scale, const float *bias) {
    affine16 by;
#pragma GCC unroll 4
    for (uint32_t j = 0; j < 4u; j++) {
        by.scale[j] = vld1q_f32(scale + 4u * j);
        by.bias[j] = vld1q_f32(bias + 4u * j);
    }
    return by;
}

void sbnn_linear_float_neon(uint32_t panels, uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                            const uint32_t *w, const float *scale, const float *bias,
                            const float *residual, void *workspace, float *y) {
    neon_layer layer = neon_layer_of(x, m, k, workspace);
    const float32x4_t bits = vdupq_n_f32(MAGIC + (float)k);
    for (uint32_t first = 0; first < n; first += A64_PANEL) {
        const uint32_t outputs = n - first < A64_PANEL ? n - first : A64_PANEL;
        const uint32_t whole = k > MOST ? 0u : outputs - outputs % A64_GROUP;
        layer.panel = neon_panel(panels, w + first * layer.words, outputs, layer.words, layer.room);
        uint32_t rows;
        for (uint32_t row = 0; row < m; row += rows) {
            uint32_t size;
            rows = neon_count_rows(&layer, row, &size);
            const size_t place = (size_t)row * n + first;
            const float *const added = residual == NULL ? NULL : residual + place;
            for (uint32_t j = 0; j < whole; j += A64_GROUP) {
                const affine16 by = affine_at(scale + first + j, bias + first + j);
                const uint8_t *const counts = layer.counts + j;
                float *const to = y + place + j;
                if (added == NULL) {
                    A64_BY_CHUNKS(layer.chunks, make_rows, &by, bits, counts, size, rows, n, NULL, to);
                } else {
                    A64_BY_CHUNKS(layer.chunks, make_rows, &by, bits, counts, size, rows, n, added + j,
                                  to);
                }
            }
            for (uint32_t t = 0; t < rows && whole < outputs; t++) {
                const size_t from = (size_t)t * n + whole;
                make_singles(k, layer.counts + t * A64_PANEL + whole, layer.chunks, size,
                             outputs - whole, scale + first + whole, bias + first + whole,
                             added == NULL ? NULL : added + from, y + place + from);
            }
        }
    }
}
