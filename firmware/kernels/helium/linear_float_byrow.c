#include "byrow.h"
#include "linear_byrow.h"

#include <stddef.h>

/* As a float, 2^23 + 2^22 + i has the bits 0x4B400000 + i, so one integer multiply-add makes four
 * floats 2^23 + 2^22 + k - 2 * count, and one subtraction k - 2 * count, which is exact.
 *
 * Vectors flush subnormal numbers to zero and replace every NaN by one. Neither can occur if the
 * numbers are ordinary (below). The compiler's flags leave Helium's vectors of floats out, so that it
 * makes none by itself. */
#define BASE 0x4B400000u
#define COUNT(q) "vmlas.s32 " q ", q7, %[base]\n"
#define WHOLE(q) "vsub.f32 " q ", " q ", %[zero]\n"
#define MULTIPLY(q, scale) "vmul.f32 " q ", " q ", " scale "\n"
#define ADD(q, other) "vadd.f32 " q ", " other ", " q "\n"

/* Eight outputs at a time, then those that are left. */
#define OUTPUTS(bytes, step, residuals, residual_of_four)                                              \
    __asm volatile(".arch_extension mve.fp\n"                                                          \
                   "vmov.i32 q7, #0\n"                                                                 \
                   "vsub.i32 q7, q7, %[two]\n"                                                         \
                   "wls lr, %[eights], 2f\n"                                                           \
                   "1:\n" bytes " q0, [%[counts]], #" step "\n" bytes " q1, [%[counts]], #" step "\n"  \
                   "vldmia %[scale]!, {d4-d7}\n" COUNT("q0") COUNT("q1") WHOLE("q0")                   \
                       WHOLE("q1") "vldmia %[bias]!, {d8-d11}\n" MULTIPLY("q0", "q2")                  \
                           MULTIPLY("q1", "q3") ADD("q0", "q4") ADD("q1", "q5") residuals              \
                   "vstmia %[y]!, {d0-d3}\n"                                                           \
                   "le lr, 1b\n"                                                                       \
                   "2:\n"                                                                              \
                   "wlstp.32 lr, %[left], 4f\n"                                                        \
                   "3:\n" bytes " q0, [%[counts]], #" step "\n"                                        \
                   "vldrw.u32 q2, [%[scale]], #16\n" COUNT("q0")                                       \
                       WHOLE("q0") "vldrw.u32 q4, [%[bias]], #16\n" MULTIPLY("q0", "q2")               \
                           ADD("q0", "q4") residual_of_four "vstrw.32 q0, [%[y]], #16\n"               \
                                                            "letp lr, 3b\n"                            \
                                                            "4:\n"                                     \
                                                            ".arch_extension nomve.fp\n"               \
                   : [counts] "+&l"(counts), [scale] "+&r"(scale), [bias] "+&r"(bias),                 \
                     [residual] "+&r"(residual), [y] "+&r"(y)                                          \
                   : [eights] "r"(n / 8u), [left] "r"(n % 8u), [base] "r"(BASE + k), [zero] "r"(BASE), \
                     [two] "r"(2)                                                                      \
                   : "lr", "memory", "q0", "q1", "q2", "q3", "q4", "q5", "q7")

#define BYTES "vldrb.u32", "4"
#define HALVES "vldrh.u32", "8"
#define RESIDUALS                                                                                      \
    "vldmia %[residual]!, {d4-d7}\n" ADD("q0", "q2") ADD("q1", "q3"),                                  \
        "vldrw.u32 q2, [%[residual]], #16\n" ADD("q0", "q2")
#define ALONE "", ""
#define OUTPUTS_OF(...) OUTPUTS(__VA_ARGS__)

/* A row of outputs, in vectors. */
static void vectors(const byrow_panel *panel, uint32_t n, uint32_t k, const float *scale,
                    const float *bias, const float *residual, float *y) {
    if (byrow_is_wide(panel)) {
        const uint16_t *counts = panel->halves;
        if (residual == NULL) {
            OUTPUTS_OF(HALVES, ALONE);
        } else {
            OUTPUTS_OF(HALVES, RESIDUALS);
        }
    } else {
        const uint8_t *counts = panel->bytes;
        if (residual == NULL) {
            OUTPUTS_OF(BYTES, ALONE);
        } else {
            OUTPUTS_OF(BYTES, RESIDUALS);
        }
    }
}

/* A row of outputs of any numbers. */
static void one_by_one(const byrow_panel *panel, uint32_t n, uint32_t k, const float *scale,
                       const float *bias, const float *residual, float *y) {
    const int is_wide = byrow_is_wide(panel);
    for (uint32_t j = 0; j < n; j++) {
        const int32_t count = is_wide ? panel->halves[j] : panel->bytes[j];
        const float product = scale[j] * (float)((int32_t)k - 2 * count); /* -ffp-contract=off */
        const float value = product + bias[j];
        y[j] = residual == NULL ? value : residual[j] + value;
    }
}

/* Ordinary floats have magnitudes of 2^-103 to 2^105. Then every product and sum is a multiple of
 * 2^-126, so it is 0 or a normal number, and none overflows. The bits of a negative float are a
 * negative integer, whose magnitude is 2^31 less the float's: so one range of such magnitudes, the same
 * distance from 0 as from 2^31, is a range of magnitudes of floats of both signs. */
#define ORDINARY_LEAST 0x0C000000u /* the bits of 2^-103 */
#define ORDINARY_MOST 0x74000000u  /* the bits of 2^105 */
#define LOOK(q)                                                                                        \
    "vminav.s32 %[least], " q "\n"                                                                     \
    "vmaxav.s32 %[most], " q "\n"

static int are_ordinary(const float *from, uint32_t count) {
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    __asm volatile("wls lr, %[sixteens], 2f\n"
                   "1:\n"
                   "vldmia %[from]!, {d0-d7}\n" LOOK("q0") LOOK("q1") LOOK("q2")
                       LOOK("q3") "le lr, 1b\n"
                                  "2:\n"
                                  "wlstp.32 lr, %[left], 4f\n"
                                  "3:\n"
                                  "vldrw.u32 q0, [%[from]], #16\n" LOOK("q0") "letp lr, 3b\n"
                                                                              "4:\n"
                   : [from] "+&r"(from), [least] "+&r"(least), [most] "+&r"(most)
                   : [sixteens] "r"(count / 16u), [left] "r"(count % 16u)
                   : "lr", "memory", "q0", "q1", "q2", "q3");
    return least >= ORDINARY_LEAST && most <= ORDINARY_MOST;
}

void sbnn_linear_float_byrow(uint32_t stored, uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                             const uint32_t *w, const float *scale, const float *bias,
                             const float *residual, void *workspace, float *y) {
    const uint32_t words = (k + 31u) / 32u;
    for (uint32_t first = 0; first < n;) {
        const uint32_t outputs = byrow_outputs(stored, n - first);
        const byrow_panel panel = sbnn_byrow_panel(stored, k, w, first, outputs, workspace);
        const int constants =
            are_ordinary(scale + first, outputs) && are_ordinary(bias + first, outputs);
        for (uint32_t row = 0; row < m; row++) {
            const uint32_t place = row * n + first;
            const float *const added = residual == NULL ? NULL : residual + place;
            sbnn_byrow_count(&panel, x + row * words);
            if (constants && (added == NULL || are_ordinary(added, outputs))) {
                vectors(&panel, outputs, k, scale + first, bias + first, added, y + place);
            } else {
                one_by_one(&panel, outputs, k, scale + first, bias + first, added, y + place);
            }
        }
        first += outputs;
    }
}
