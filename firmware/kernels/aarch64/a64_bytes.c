#include "a64.h"
#include "a64_ends.h"
#include "linear_a64.h"

#include <stddef.h>

enum { STEP = 16, TOKENS = 2 };

#define UNROLL _Pragma("GCC unroll 8")

typedef struct {
    uint32_t a;
    uint32_t n;
    uint32_t b;
    uint32_t step;
    uint32_t shift;
    const int32_t *base;
    const int16_t *factor;
    const int16_t *slope;
    const int16_t *residual;
} byte_layer;

/* The products of 16 terms of a patch and a row, in pairs; as no weight is -128, a pair fits 16 bits.
 */
static inline int16x8_t products(int8x16_t x, int8x16_t w) {
    return vmlal_high_s8(vmull_s8(vget_low_s8(x), vget_low_s8(w)), x, w);
}

/* Emits no instruction, but keeps GCC from moving a sum past it. Otherwise GCC would multiply all
 * vectors first, in more registers than exist. */
#define NOW(sum) __asm__ volatile("" : "+w"(sum))

/* Add the products of 16 terms of two patches to eight sums of each; `first` ones are the sums. */
static inline void add(const int8_t *const x[TOKENS], uint32_t term, const int8_t *w, int first,
                       int32x4_t one[A64_EIGHT], int32x4_t two[A64_EIGHT]) {
    const int8x16_t left = vld1q_s8(x[0] + term);
    const int8x16_t right = vld1q_s8(x[1] + term);
    UNROLL
    for (uint32_t half = 0; half < A64_EIGHT; half += 4u, w += STEP * 4) {
        const int8x16x4_t weights = vld1q_s8_x4(w);
        UNROLL
        for (uint32_t j = 0; j < 4u; j++) {
            const int16x8_t pairs = products(left, weights.val[j]);
            const int16x8_t others = products(right, weights.val[j]);
            one[half + j] = first ? vpaddlq_s16(pairs) : vpadalq_s16(one[half + j], pairs);
            two[half + j] = first ? vpaddlq_s16(others) : vpadalq_s16(two[half + j], others);
            NOW(one[half + j]);
            NOW(two[half + j]);
        }
    }
}

static inline int32x4_t joined(const int32x4_t sums[4]) {
    return vpaddq_s32(vpaddq_s32(sums[0], sums[1]), vpaddq_s32(sums[2], sums[3]));
}

static inline int16x8_t rounded(const int32x4_t sums[A64_EIGHT], int32x4_t down) {
    const int16x4_t low = vqmovn_s32(vrshlq_s32(joined(sums), down));
    return vqmovn_high_s32(low, vrshlq_s32(joined(sums + 4), down));
}

/* The sums of two patches with all rows of weights, [TOKENS][a]. */
static void count(const int8_t *const patch[TOKENS], const int8_t *w, uint32_t a, uint32_t terms,
                  int32x4_t down, int16_t *to) {
    for (uint32_t row = 0; row < a; row += A64_EIGHT) {
        int32x4_t one[A64_EIGHT];
        int32x4_t two[A64_EIGHT];
        add(patch, 0, w, 1, one, two);
        w += STEP * A64_EIGHT;
        for (uint32_t term = STEP; term < terms; term += STEP, w += STEP * A64_EIGHT) {
            add(patch, term, w, 0, one, two);
        }
        vst1q_s16(to + row, rounded(one, down));
        vst1q_s16(to + a + row, rounded(two, down));
    }
}

/* Values of the sums of tokens; there may be more outputs than sums, which are taken in turn. The layer
 * is a copy, which the values that are written cannot change. */
__attribute__((always_inline)) static inline void
make(const byte_layer layer, const int16_t *sums, uint32_t token, uint32_t used, int16_t *y, int adds) {
    const int16x8_t up = vdupq_n_s16((int16_t)(1u << layer.shift));
    const int32x4_t left = vdupq_n_s32(16 - (int32_t)layer.shift);
    const int16_t *const residual = layer.residual + (size_t)token * layer.step;
    const uint32_t step = used > 1u ? layer.step : 0u;
    const uint32_t line = used > 1u ? layer.n : 0u;
    uint32_t from = 0;
    uint32_t place = 0;
    y += (size_t)token * layer.n;
    for (uint32_t j = 0; j < layer.n; j += A64_EIGHT) {
        const int32_t *base = layer.base + j;
        const int16x8_t factor = vld1q_s16(layer.factor + j);
        const int16x8_t slope = vld1q_s16(layer.slope + j);
        a64_wide second = a64_more(a64_base(base), vld1q_s16(sums + layer.a + from), factor);
        A64_HERE(base);
        a64_wide first = a64_more(a64_base(base), vld1q_s16(sums + from), factor);
        if (adds) {
            second = a64_more(second, vld1q_s16(residual + step + place), up);
            first = a64_more(first, vld1q_s16(residual + place), up);
            place = place + A64_EIGHT == layer.b ? 0u : place + A64_EIGHT;
        }
        /* A single token is written last, where it belongs. */
        vst1q_s16(y + line + j, a64_value(second, left, slope));
        vst1q_s16(y + j, a64_value(first, left, slope));
        from = from + A64_EIGHT == layer.a ? 0u : from + A64_EIGHT;
    }
}

/* Copy the parts of a patch next to each other. Up to 15 bytes after a part are copied too, and then
 * overwritten by the next part, or multiplied by zeros. */
static void gather(const uint8_t *patch, const uint32_t *offsets, uint32_t parts, uint32_t size,
                   uint8_t *to) {
    for (uint32_t part = 0; part < parts; part++, to += size) {
        for (uint32_t done = 0; done < size; done += STEP) {
            vst1q_u8(to + done, vld1q_u8(patch + offsets[part] + done));
        }
    }
}

void sbnn_a64_bytes(uint32_t rows, uint32_t columns, uint32_t kernel_rows, uint32_t kernel_columns,
                    uint32_t stride_rows, uint32_t stride_columns, uint32_t dilation_rows,
                    uint32_t dilation_columns, int32_t first_row, int32_t first_column, uint32_t width,
                    uint32_t a, uint32_t n, uint32_t b, uint32_t step, uint32_t pre, uint32_t shift,
                    const int8_t *x, const int8_t *w, const int32_t *base, const int16_t *factor,
                    const int16_t *slope, const int16_t *residual, void *workspace, int16_t *y) {
    const a64_grid grid = {rows,        columns,        kernel_rows,   kernel_columns,
                           stride_rows, stride_columns, dilation_rows, dilation_columns,
                           first_row,   first_column,   width};
    const byte_layer layer = {a, n, b, step, shift, base, factor, slope, b ? residual : a64_zeros};
    const uint32_t parts = a64_parts(&grid);
    const uint32_t size = a64_part_size(&grid);
    const uint32_t terms = a64_up(parts * size, STEP) * STEP;
    int16_t *const sums = workspace;
    uint8_t *const copies = (uint8_t *)(sums + TOKENS * a);
    uint32_t *const offsets = (uint32_t *)(void *)(copies + TOKENS * terms + STEP);
    uint8_t *const padded = (uint8_t *)offsets + a64_up(4u * parts, STEP) * STEP;
    /* A patch's last vector reads beyond it. */
    a64_patches patches = sbnn_a64_pad(&grid, x, terms > parts * size || parts > 1u, padded);
    for (uint32_t part = 0; part < parts; part++) {
        offsets[part] = a64_part_offset(&grid, patches.line, part);
    }
    const uint32_t outputs = a64_outputs(&grid);
    const int32x4_t down = vdupq_n_s32(-(int32_t)pre);
    for (uint32_t token = 0; token < outputs; token += TOKENS) {
        const uint32_t used = outputs - token < TOKENS ? 1u : TOKENS;
        const int8_t *at[TOKENS];
        for (uint32_t t = 0; t < TOKENS; t++) {
            const uint8_t *const patch = t < used ? a64_next(&patches) : (const uint8_t *)at[0];
            if (parts > 1u && t < used) {
                gather(patch, offsets, parts, size, copies + t * terms);
                at[t] = (const int8_t *)(copies + t * terms);
            } else {
                at[t] = (const int8_t *)patch;
            }
        }
        count(at, w, a, terms, down, sums);
        if (b > 0u) {
            make(layer, sums, token, used, y, 1);
        } else {
            make(layer, sums, token, used, y, 0);
        }
    }
}
