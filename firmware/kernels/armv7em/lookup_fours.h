/* Computes floats for four outputs at a time from counts in bytes or halfwords.
 *
 * As a float, 2^24 + 2 * count has the bits 0x4B800000 + count. One instruction (UXTAB or UXTAH)
 * extracts the count from its lane and adds it to 0x4B800000. Then (2^24 + k) - (2^24 + 2 * count) = k
 * - 2 * count, exact for even k, so no integer needs a conversion to float. */
#ifndef SBNN_KERNELS_LOOKUP_FOURS_H
#define SBNN_KERNELS_LOOKUP_FOURS_H

#include <stddef.h>

#include "lookup.h"

/* The arguments of the functions below, which also advance them. */
typedef struct {
    const float *scale;
    const float *bias;
    const float *from;  /* residual, or -0.0 four times: x + -0.0 is x for every x */
    float *to;          /* output */
    uint32_t from_row;  /* bytes between rows; 0 for no residual */
    uint32_t to_row;    /* the same for the output */
    uint32_t from_four; /* bytes between four outputs and the next four: 16; 0 for no residual */
    uint32_t left;      /* groups of four outputs that are left, at least 1 */
    float zero;         /* 2^24 + k */
    const uint32_t *counts;
    uint32_t step;     /* bytes between the counts of one output and the next */
    uint32_t flags[4]; /* which rows exist, per group of rows that share a word; see lookup_flags */
} lookup_fours;

/* The offsets that the functions' assembly contains. */
_Static_assert(offsetof(lookup_fours, scale) == 0, "FOURS_SCALES");
_Static_assert(offsetof(lookup_fours, bias) == 4, "FOURS_SCALES");
_Static_assert(offsetof(lookup_fours, from) == 8, "FOURS_ROWS, FOURS_NEXT");
_Static_assert(offsetof(lookup_fours, to) == 12, "FOURS_ROWS, FOURS_NEXT");
_Static_assert(offsetof(lookup_fours, from_row) == 16, "FOURS_ENTER");
_Static_assert(offsetof(lookup_fours, to_row) == 20, "FOURS_ENTER");
_Static_assert(offsetof(lookup_fours, from_four) == 24, "FOURS_NEXT");
_Static_assert(offsetof(lookup_fours, left) == 28, "FOURS_NEXT");
_Static_assert(offsetof(lookup_fours, zero) == 32, "FOURS_ENTER");
_Static_assert(offsetof(lookup_fours, counts) == 36, "FOURS_ENTER");
_Static_assert(offsetof(lookup_fours, step) == 40, "FOURS_ENTER");
_Static_assert(offsetof(lookup_fours, flags) == 44, "FOURS_ROWS");

/* A value for the condition flags: V, N, Z, C are 1 if there are at least 1, 2, 3, 4 rows. The
 * functions load it into APSR once per group of rows and branch on it; no instruction in between
 * changes the flags. */
static inline uint32_t lookup_flags(uint32_t rows) {
    return (uint32_t)(rows >= 1u) << 28 | (uint32_t)(rows >= 2u) << 31 | (uint32_t)(rows >= 3u) << 30 |
           (uint32_t)(rows >= 4u) << 29;
}

/* For byte counts; flags of rows 0 2 4 6 and of rows 1 3 5 7. */
void sbnn_lookup_fours(lookup_fours *fours);

/* For halfword counts; flags of rows 0 4, of rows 2 6, of rows 1 5 and of rows 3 7. */
void sbnn_lookup_fours_wide(lookup_fours *fours);

/* Process all complete groups of four outputs with `run`. Returns the number of outputs done: 0 if k is
 * odd, because the difference above would not be exact. */
static inline uint32_t lookup_run_fours(const lookup_counts *counts, const float *scale,
                                        const float *bias, const float *residual, float *y,
                                        const uint32_t flags[4], void (*run)(lookup_fours *fours)) {
    static const float nothing[4] = {-0.0f, -0.0f, -0.0f, -0.0f};
    if (counts->k % 2u != 0u || counts->n < 4u) {
        return 0;
    }
    const uint32_t row = counts->n * 4u;
    lookup_fours fours = {.scale = scale,
                          .bias = bias,
                          .from = residual == 0 ? nothing : residual,
                          .to = y,
                          .from_row = residual == 0 ? 0u : row,
                          .to_row = row,
                          .from_four = residual == 0 ? 0u : 16u,
                          .left = counts->n / 4u,
                          .zero = (float)(0x1000000u + counts->k),
                          .counts = counts->counts,
                          .step = counts->step * 4u,
                          .flags = {flags[0], flags[1], flags[2], flags[3]}};
    run(&fours);
    return counts->n / 4u * 4u;
}

/* Registers:
 *   r0         the structure
 *   r1 r2      address of the counts, and bytes between outputs
 *   r3 lr      bytes between rows of the output and of the residual
 *   r4-r7      a word of counts of each of four outputs
 *   r8         0x4B800000, the bits of 2^24
 *   r9 r10     temporary
 *   r11 r12    address of a row of the output and of the residual
 *   s0-s3      results, s4-s7 residual, s8-s11 scale, s12-s15 bias, s16 zero */
#define FOURS_ENTER                                                                                    \
    "push {r4-r11, lr}\n"                                                                              \
    "vpush {d8}\n"                                                                                     \
    "mov r8, #0x4B800000\n"                                                                            \
    "vldr s16, [r0, #32]\n"                                                                            \
    "ldrd r1, r2, [r0, #36]\n"                                                                         \
    "ldrd lr, r3, [r0, #16]\n"

/* Load scale and bias of four outputs and advance both pointers. */
#define FOURS_SCALES                                                                                   \
    "ldrd r9, r10, [r0]\n"                                                                             \
    "vldm r9!, {s8-s11}\n"                                                                             \
    "vldm r10!, {s12-s15}\n"                                                                           \
    "strd r9, r10, [r0]\n"

/* Load word `offset` / 4 of the counts of four outputs, and advance r1 past them. */
#define FOURS_WORDS(offset)                                                                            \
    "ldr r4, [r1, #" offset "]\n"                                                                      \
    "add r1, r1, r2\n"                                                                                 \
    "ldr r5, [r1, #" offset "]\n"                                                                      \
    "add r1, r1, r2\n"                                                                                 \
    "ldr r6, [r1, #" offset "]\n"                                                                      \
    "add r1, r1, r2\n"                                                                                 \
    "ldr r7, [r1, #" offset "]\n"                                                                      \
    "add r1, r1, r2\n"

/* Return r1 to the first of the four outputs, to read another word. */
#define FOURS_BACK "sub r1, r1, r2, lsl #2\n"

/* Go to row 0 of output and residual, and load the flags of the group of rows. */
#define FOURS_ROWS(flags)                                                                              \
    "ldr r9, [r0, #" flags "]\n"                                                                       \
    "ldrd r12, r11, [r0, #8]\n"                                                                        \
    "msr APSR_nzcvq, r9\n"

/* One row: the counts are at bit `lane` of the words. No instruction here changes the flags. */
#define FOURS_ROW(extract, lane)                                                                       \
    extract " r9, r8, r4, ror #" lane "\n" extract " r10, r8, r5, ror #" lane "\n"                     \
            "vmov s0, s1, r9, r10\n" extract " r9, r8, r6, ror #" lane "\n" extract                    \
            " r10, r8, r7, ror #" lane "\n"                                                            \
            "vmov s2, s3, r9, r10\n"                                                                   \
            "vldm r12, {s4-s7}\n"                                                                      \
            "vsub.f32 s0, s16, s0\n"                                                                   \
            "vsub.f32 s1, s16, s1\n"                                                                   \
            "vsub.f32 s2, s16, s2\n"                                                                   \
            "vsub.f32 s3, s16, s3\n"                                                                   \
            "vmul.f32 s0, s0, s8\n"                                                                    \
            "vmul.f32 s1, s1, s9\n"                                                                    \
            "vmul.f32 s2, s2, s10\n"                                                                   \
            "vmul.f32 s3, s3, s11\n"                                                                   \
            "vadd.f32 s0, s0, s12\n"                                                                   \
            "vadd.f32 s1, s1, s13\n"                                                                   \
            "vadd.f32 s2, s2, s14\n"                                                                   \
            "vadd.f32 s3, s3, s15\n"                                                                   \
            "vadd.f32 s0, s4, s0\n"                                                                    \
            "vadd.f32 s1, s5, s1\n"                                                                    \
            "vadd.f32 s2, s6, s2\n"                                                                    \
            "vadd.f32 s3, s7, s3\n"                                                                    \
            "vstm r11, {s0-s3}\n"

/* Go down by one, two or four rows. */
#define FOURS_DOWN(rows)                                                                               \
    "add r12, r12, lr" rows "\n"                                                                       \
    "add r11, r11, r3" rows "\n"
#define FOURS_ONE ""
#define FOURS_TWO ", lsl #1"
#define FOURS_FOUR ", lsl #2"

/* Advance the pointers by four outputs and repeat until none is left. */
#define FOURS_NEXT                                                                                     \
    "ldrd r9, r10, [r0, #8]\n"                                                                         \
    "ldrd r4, r5, [r0, #24]\n"                                                                         \
    "add r9, r9, r4\n"                                                                                 \
    "add r10, r10, #16\n"                                                                              \
    "subs r5, r5, #1\n"                                                                                \
    "strd r9, r10, [r0, #8]\n"                                                                         \
    "str r5, [r0, #28]\n"                                                                              \
    "bne 1b\n"                                                                                         \
    "vpop {d8}\n"                                                                                      \
    "pop {r4-r11, pc}\n"

#endif
