#include "helium.h"

#include <stddef.h>

/* Some rows of a group of four outputs. */
typedef struct {
    const void *counts; /* transposed, of the first row */
    const float *from;  /* residual, or -0.0 four times: x + -0.0 is x for every x */
    float *to;
    uint32_t from_step; /* bytes between rows; 0 for no residual */
    uint32_t to_step;
    uint32_t rows; /* at least 1 */
} run;

/* As a float, 2^23 + 2 * count has the bits 0x4B000000 + 2 * count, so one integer multiply-add makes
 * four such floats. (2^23 + k) - (2^23 + 2 * count) = k - 2 * count is exact, so no integer needs a
 * conversion to float.
 *
 *   q0 (s0-s3)     counts, then results        q1 (s4-s7)     residual
 *   q2 (s8-s11)    scale                       q3 (s12-s15)   bias
 *   q4             2 in each lane              q5 (s20)       2^23 + k in each lane */
#define ROW(load, residual, compute)                                                                   \
    load "vmlas.s32 q0, q4, %[base]\n" residual compute "vstrw.32 q0, [%[to]]\n"                       \
         "add %[to], %[to], %[to_step]\n"

#define BYTES "vldrb.u32 q0, [%[counts]], #4\n"
#define HALVES "vldrh.u32 q0, [%[counts]], #8\n"

#define ELSEWHERE                                                                                      \
    "vldrw.u32 q1, [%[from]]\n"                                                                        \
    "add %[from], %[from], %[from_step]\n"
#define IN_PLACE "vldrw.u32 q1, [%[to]]\n"

/* Vectors flush subnormal numbers to zero and replace every NaN by one. Neither can occur if the
 * numbers are ordinary (below). */
#define IN_VECTORS                                                                                     \
    "vsub.f32 q0, q5, q0\n"                                                                            \
    "vmul.f32 q0, q0, q2\n"                                                                            \
    "vadd.f32 q0, q0, q3\n"                                                                            \
    "vadd.f32 q0, q1, q0\n"

/* Any numbers: scalar instructions, on the registers that the vectors overlap. */
#define ONE_BY_ONE                                                                                     \
    "vsub.f32 s0, s20, s0\n"                                                                           \
    "vsub.f32 s1, s20, s1\n"                                                                           \
    "vsub.f32 s2, s20, s2\n"                                                                           \
    "vsub.f32 s3, s20, s3\n"                                                                           \
    "vmul.f32 s0, s0, s8\n"                                                                            \
    "vmul.f32 s1, s1, s9\n"                                                                            \
    "vmul.f32 s2, s2, s10\n"                                                                           \
    "vmul.f32 s3, s3, s11\n"                                                                           \
    "vadd.f32 s0, s0, s12\n"                                                                           \
    "vadd.f32 s1, s1, s13\n"                                                                           \
    "vadd.f32 s2, s2, s14\n"                                                                           \
    "vadd.f32 s3, s3, s15\n"                                                                           \
    "vadd.f32 s0, s4, s0\n"                                                                            \
    "vadd.f32 s1, s5, s1\n"                                                                            \
    "vadd.f32 s2, s6, s2\n"                                                                            \
    "vadd.f32 s3, s7, s3\n"

/* The compiler's flags leave Helium's vectors of floats out, so that it makes none by itself. */
#define ROWS(load, residual, compute)                                                                  \
    __asm volatile(                                                                                    \
        ".arch_extension mve.fp\n"                                                                     \
        "vldrw.u32 q2, [%[scale]]\n"                                                                   \
        "vldrw.u32 q3, [%[bias]]\n"                                                                    \
        "vmov.i32 q4, #2\n"                                                                            \
        "vdup.32 q5, %[zero]\n"                                                                        \
        "dls lr, %[rows]\n"                                                                            \
        "1:\n" ROW(load, residual, compute) "le lr, 1b\n"                                              \
                                            ".arch_extension nomve.fp\n"                               \
        : [counts] "+l"(now.counts), [from] "+r"(now.from), [to] "+r"(now.to)                          \
        : [scale] "r"(scale), [bias] "r"(bias), [zero] "r"(0x4B000000u + k), [rows] "r"(now.rows),     \
          [base] "r"(0x4B000000u), [from_step] "r"(now.from_step), [to_step] "r"(now.to_step)          \
        : "q0", "q1", "q2", "q3", "q4", "q5", "lr", "memory")

static void bytes(run now, const float *scale, const float *bias, uint32_t k, int ordinary) {
    if (!ordinary) {
        ROWS(BYTES, ELSEWHERE, ONE_BY_ONE);
    } else if (now.from == now.to) {
        ROWS(BYTES, IN_PLACE, IN_VECTORS);
    } else {
        ROWS(BYTES, ELSEWHERE, IN_VECTORS);
    }
}

static void halves(run now, const float *scale, const float *bias, uint32_t k, int ordinary) {
    if (!ordinary) {
        ROWS(HALVES, ELSEWHERE, ONE_BY_ONE);
    } else if (now.from == now.to) {
        ROWS(HALVES, IN_PLACE, IN_VECTORS);
    } else {
        ROWS(HALVES, ELSEWHERE, IN_VECTORS);
    }
}

/* The magnitudes, as integers, of the bits of some floats. Those of a negative float are a negative
 * integer, whose magnitude is 2^31 less the float's: so one range of such magnitudes, the same distance
 * from 0 as from 2^31, is a range of magnitudes of floats of both signs.
 *
 * Ordinary floats have 2^-103 to 2^105. Then every product and sum is a multiple of 2^-126, so it is 0
 * or a normal number, and none overflows. */
typedef struct {
    uint32_t least;
    uint32_t most;
} range;

#define ORDINARY_LEAST 0x0C000000u /* the bits of 2^-103 */
#define ORDINARY_MOST 0x74000000u  /* the bits of 2^105 */

static range range_of(const float *from, uint32_t count) {
    range all = {UINT32_MAX, 0};
    __asm volatile("wlstp.32 lr, %[count], 2f\n"
                   "1:\n"
                   "vldrw.u32 q0, [%[from]], #16\n"
                   "vminav.s32 %[least], q0\n"
                   "vmaxav.s32 %[most], q0\n"
                   "letp lr, 1b\n"
                   "2:\n"
                   : [from] "+r"(from), [least] "+r"(all.least), [most] "+r"(all.most)
                   : [count] "r"(count)
                   : "q0", "lr", "memory");
    return all;
}

/* Whether the four numbers at `scale` and at `bias`, and all others, are ordinary. */
static int are_ordinary(const float *scale, const float *bias, range others) {
    __asm volatile("vldrw.u32 q0, [%[scale]]\n"
                   "vldrw.u32 q1, [%[bias]]\n"
                   "vminav.s32 %[least], q0\n"
                   "vmaxav.s32 %[most], q0\n"
                   "vminav.s32 %[least], q1\n"
                   "vmaxav.s32 %[most], q1\n"
                   : [least] "+r"(others.least), [most] "+r"(others.most)
                   : [scale] "r"(scale), [bias] "r"(bias)
                   : "q0", "q1", "memory");
    return others.least >= ORDINARY_LEAST && others.most <= ORDINARY_MOST;
}

static const float nothing[4] = {-0.0f, -0.0f, -0.0f, -0.0f};

/* All rows of the complete groups of four outputs, whose counts fit bytes: a run for each group. */
static void narrow(const helium_counts *counts, uint32_t fours, const float *scale, const float *bias,
                   const float *residual, range all, float *y) {
    const uint32_t row_bytes = counts->n * 4u;
    const uint32_t next = residual == NULL ? 0u : 4u;
    const uint8_t *from = counts->sums;
    run now = {
        .from = residual == NULL ? nothing : residual,
        .to = y,
        .from_step = residual == NULL ? 0u : row_bytes,
        .to_step = row_bytes,
        .rows = counts->rows,
    };
    for (; fours > 0u; fours--) {
        now.counts = from;
        bytes(now, scale, bias, counts->k, are_ordinary(scale, bias, all));
        from += 128;
        now.from += next;
        now.to += 4;
        scale += 4;
        bias += 4;
    }
}

/* All rows of outputs j to j + 3, whose counts are halfwords: four runs of every second row, the order
 * of sbnn_helium_turn_wide. */
static void wide(const helium_counts *counts, uint32_t j, const float *scale, const float *bias,
                 const float *residual, range all, float *y) {
    const int ordinary = are_ordinary(scale + j, bias + j, all);
    const uint32_t row_bytes = counts->n * 4u;
    run now = {
        .from_step = residual == NULL ? 0u : 2u * row_bytes,
        .to_step = 2u * row_bytes,
    };
    for (uint32_t part = 0; part < 4u; part++) {
        const uint32_t first = part / 2u * 16u + part % 2u;
        const uint32_t end = part < 2u ? 16u : 32u;
        const uint32_t stop = counts->rows < end ? counts->rows : end;
        if (first >= stop) {
            continue;
        }
        now.counts = counts->wide + 32u * j + 32u * part;
        now.from = residual == NULL ? nothing : residual + first * counts->n + j;
        now.to = y + first * counts->n + j;
        now.rows = (stop - first + 1u) / 2u;
        halves(now, scale + j, bias + j, counts->k, ordinary);
    }
}

/* The count of one row for an output outside the complete groups of four. */
static uint32_t one(const helium_counts *counts, uint32_t j, uint32_t row) {
    if (!helium_is_wide(counts->k)) {
        return counts->sums[32u * j + row];
    }
    return counts->wide[32u * j + row / 16u * 16u + row % 2u * 8u + row % 16u / 2u];
}

void sbnn_helium_scale(const helium_counts *counts, const float *scale, const float *bias,
                       const float *residual, float *y) {
    const uint32_t fours = counts->n / 4u * 4u;
    /* Before anything is written: y may be the residual. */
    const range all = range_of(residual, residual == NULL ? 0u : counts->rows * counts->n);
    if (!helium_is_wide(counts->k)) {
        narrow(counts, fours / 4u, scale, bias, residual, all, y);
    } else {
        for (uint32_t j = 0; j < fours; j += 4u) {
            wide(counts, j, scale, bias, residual, all, y);
        }
    }
    for (uint32_t j = fours; j < counts->n; j++) {
        for (uint32_t row = 0; row < counts->rows; row++) {
            const uint32_t place = row * counts->n + j;
            const int32_t dot = (int32_t)counts->k - 2 * (int32_t)one(counts, j, row);
            const float product = scale[j] * (float)dot; /* rounded separately: -ffp-contract=off */
            const float value = product + bias[j];
            y[place] = residual == NULL ? value : residual[place] + value;
        }
    }
}
