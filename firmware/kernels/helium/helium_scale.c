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
 * conversion to float. Helium's vector instructions for floats would flush subnormal numbers to zero;
 * therefore the four are computed by scalar instructions, on the registers that the vectors overlap.
 *
 *   q0 (s0-s3)     counts, then results        q1 (s4-s7)     residual
 *   q2 (s8-s11)    scale                       q3 (s12-s15)   bias
 *   q4             2 in each lane              s20            2^23 + k */
#define ROW(load)                                                                                      \
    load "vmlas.s32 q0, q4, %[base]\n"                                                                 \
         "vldrw.u32 q1, [%[from]]\n"                                                                   \
         "add %[from], %[from], %[from_step]\n"                                                        \
         "vsub.f32 s0, s20, s0\n"                                                                      \
         "vsub.f32 s1, s20, s1\n"                                                                      \
         "vsub.f32 s2, s20, s2\n"                                                                      \
         "vsub.f32 s3, s20, s3\n"                                                                      \
         "vmul.f32 s0, s0, s8\n"                                                                       \
         "vmul.f32 s1, s1, s9\n"                                                                       \
         "vmul.f32 s2, s2, s10\n"                                                                      \
         "vmul.f32 s3, s3, s11\n"                                                                      \
         "vadd.f32 s0, s0, s12\n"                                                                      \
         "vadd.f32 s1, s1, s13\n"                                                                      \
         "vadd.f32 s2, s2, s14\n"                                                                      \
         "vadd.f32 s3, s3, s15\n"                                                                      \
         "vadd.f32 s0, s4, s0\n"                                                                       \
         "vadd.f32 s1, s5, s1\n"                                                                       \
         "vadd.f32 s2, s6, s2\n"                                                                       \
         "vadd.f32 s3, s7, s3\n"                                                                       \
         "vstrw.32 q0, [%[to]]\n"                                                                      \
         "add %[to], %[to], %[to_step]\n"

#define ROWS(load)                                                                                     \
    __asm volatile(                                                                                    \
        "vldrw.u32 q2, [%[scale]]\n"                                                                   \
        "vldrw.u32 q3, [%[bias]]\n"                                                                    \
        "vmov.i32 q4, #2\n"                                                                            \
        "vmov s20, %[zero]\n"                                                                          \
        "dls lr, %[rows]\n"                                                                            \
        "1:\n" ROW(load) "le lr, 1b\n"                                                                 \
        : [counts] "+r"(now.counts), [from] "+r"(now.from), [to] "+r"(now.to)                          \
        : [scale] "r"(scale), [bias] "r"(bias), [zero] "r"(zero), [rows] "r"(now.rows),                \
          [base] "r"(0x4B000000u), [from_step] "r"(now.from_step), [to_step] "r"(now.to_step)          \
        : "q0", "q1", "q2", "q3", "q4", "s20", "lr", "memory")

static void bytes(run now, const float *scale, const float *bias, float zero) {
    ROWS("vldrb.u32 q0, [%[counts]], #4\n");
}

static void halves(run now, const float *scale, const float *bias, float zero) {
    ROWS("vldrh.u32 q0, [%[counts]], #8\n");
}

static const float nothing[4] = {-0.0f, -0.0f, -0.0f, -0.0f};

/* All rows of outputs j to j + 3: byte counts in one run, halfword counts in four runs of every second
 * row, the order of sbnn_helium_turn_wide. */
static void four(const helium_counts *counts, uint32_t j, const float *scale, const float *bias,
                 const float *residual, float *y) {
    const float zero = (float)(0x800000u + counts->k);
    const uint32_t row_bytes = counts->n * 4u;
    run now = {
        .counts = counts->sums + 32u * j,
        .from = residual == NULL ? nothing : residual + j,
        .to = y + j,
        .from_step = residual == NULL ? 0u : row_bytes,
        .to_step = row_bytes,
        .rows = counts->rows,
    };
    if (!helium_is_wide(counts->k)) {
        bytes(now, scale + j, bias + j, zero);
        return;
    }
    now.from_step *= 2u;
    now.to_step *= 2u;
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
        halves(now, scale + j, bias + j, zero);
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
    for (uint32_t j = 0; j < fours; j += 4u) {
        four(counts, j, scale, bias, residual, y);
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
