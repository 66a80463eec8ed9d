#include "linear_neon.h"
#include "neon_rows64.h"

/* Bits of 64 outputs, whose counts are bytes. */
static inline void narrow(const uint8_t *counts, const uint8x16_t limits[4], uint8x16_t place,
                          uint32_t words[2]) {
#pragma GCC unroll 2
    for (uint32_t word = 0; word < 2u; word++) {
        words[word] =
            a64_word(vcltq_u8(vld1q_u8(counts + 32u * word), limits[2u * word]),
                     vcltq_u8(vld1q_u8(counts + 32u * word + 16u), limits[2u * word + 1u]), place);
    }
}

/* A mask of 16 outputs, whose counts are halfwords. */
__attribute__((always_inline)) static inline uint8x16_t
below(const uint8_t *counts, uint32_t chunks, uint32_t size, const uint16x8_t limits[2]) {
    const a64_counts found = a64_counts_of(counts, chunks, size);
    return vuzp1q_u8(vreinterpretq_u8_u16(vcltq_u16(found.low, limits[0])),
                     vreinterpretq_u8_u16(vcltq_u16(found.high, limits[1])));
}

/* The limits of a panel, 0 for lanes without an output, so that their bits are 0. */
static void take_limits(const int32_t *limit, uint32_t outputs, uint16_t limits[A64_PANEL]) {
    for (uint32_t j = 0; j < A64_PANEL; j += 8u) {
        uint16x8_t eight = vdupq_n_u16(0);
        if (j + 8u <= outputs) {
            eight = vuzp1q_u16(vreinterpretq_u16_s32(vld1q_s32(limit + j)),
                               vreinterpretq_u16_s32(vld1q_s32(limit + j + 4u)));
        }
        vst1q_u16(limits + j, eight);
    }
    for (uint32_t j = outputs & ~7u; j < outputs; j++) {
        limits[j] = (uint16_t)limit[j];
    }
}

static inline void put(const uint32_t words[2], uint32_t used, uint32_t *y) {
    y[0] = words[0];
    if (used > 1u) {
        y[1] = words[1];
    }
}

static void narrow_panel(const neon_layer *layer, const uint16_t limit[A64_PANEL], uint32_t used,
                         uint32_t step, uint32_t *y) {
    const uint8x16_t place = a64_place();
    uint8x16_t limits[4];
#pragma GCC unroll 4
    for (uint32_t j = 0; j < 4u; j++) {
        limits[j] = vcombine_u8(vmovn_u16(vld1q_u16(limit + 16u * j)),
                                vmovn_u16(vld1q_u16(limit + 16u * j + 8u)));
    }
    uint32_t rows;
    for (uint32_t row = 0; row < layer->m; row += rows) {
        uint32_t size;
        rows = neon_count_rows(layer, row, &size);
        const uint8_t *counts = layer->counts;
        for (uint32_t t = 0; t < rows; t++, y += step, counts += A64_PANEL) {
            uint32_t words[2];
            narrow(counts, limits, place, words);
            put(words, used, y);
        }
    }
}

__attribute__((always_inline)) static inline void wide_panel(const neon_layer *layer,
                                                             const uint16_t limit[A64_PANEL],
                                                             uint32_t used, uint32_t step, uint32_t *y,
                                                             uint32_t chunks) {
    const uint8x16_t place = a64_place();
    uint16x8_t limits[8];
#pragma GCC unroll 8
    for (uint32_t j = 0; j < 8u; j++) {
        limits[j] = vld1q_u16(limit + 8u * j);
    }
    uint32_t rows;
    for (uint32_t row = 0; row < layer->m; row += rows) {
        uint32_t size;
        rows = neon_count_rows(layer, row, &size);
        const uint8_t *counts = layer->counts;
        for (uint32_t t = 0; t < rows; t++, y += step, counts += A64_PANEL) {
            uint32_t words[2];
#pragma GCC unroll 2
            for (uint32_t word = 0; word < 2u; word++) {
                const uint8_t *const at = counts + 32u * word;
                words[word] = a64_word(below(at, chunks, size, limits + 4u * word),
                                       below(at + 16, chunks, size, limits + 4u * word + 2u), place);
            }
            put(words, used, y);
        }
    }
}

void sbnn_linear_packed_neon(uint32_t panels, uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                             const uint32_t *w, const int32_t *limit, void *workspace, uint32_t *y) {
    neon_layer layer = neon_layer_of(x, m, k, workspace);
    const uint32_t step = (n + 31u) / 32u;
    for (uint32_t first = 0; first < n; first += A64_PANEL) {
        const uint32_t outputs = n - first < A64_PANEL ? n - first : A64_PANEL;
        const uint32_t used = (outputs + 31u) / 32u;
        uint16_t limits[A64_PANEL];
        take_limits(limit + first, outputs, limits);
        layer.panel = neon_panel(panels, w + first * layer.words, outputs, layer.words, layer.room);
        if (layer.chunks == 1u) {
            narrow_panel(&layer, limits, used, step, y + first / 32u);
        } else {
            A64_BY_CHUNKS(layer.chunks, wide_panel, &layer, limits, used, step, y + first / 32u);
        }
    }
}
