/* What the loops that end a layer share, in assembly. */
#ifndef SBNN_KERNELS_MVE_ENDS_H
#define SBNN_KERNELS_MVE_ENDS_H

#include "mve.h"

/* The vectors that such a loop uses, and the register of its counter. */
#define MVE_CLOBBERS "lr", "memory", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7"

/* VLDM loads several vectors as one instruction; the chip takes as long as for so many loads. */

/* q0 = the next eight sums, scaled, plus their biases; q3 = their slopes. They fit 16 bits after VSHL.
 * VQRDMULH doubles the product, rounds it, and keeps its upper half: a shift by 15. */
#define MVE_NEAR                                                                                       \
    "vldrh.u16 q0, [%[sums]], #16\n"                                                                   \
    "vldmia %[scales]!, {d2-d7}\n"                                                                     \
    "vshl.s16 q0, %[up]\n"                                                                             \
    "vqrdmulh.s16 q0, q0, q1\n"                                                                        \
    "vadd.i16 q0, q0, q2\n"

/* q4 and q1 = the same of any sums: the even lanes and the odd lanes, in 32 bits. */
#define MVE_FAR                                                                                        \
    "vldrh.u16 q0, [%[sums]], #16\n"                                                                   \
    "vldrh.u16 q1, [%[scales]], #16\n"                                                                 \
    "vmullb.s16 q4, q0, q1\n"                                                                          \
    "vmullt.s16 q1, q0, q1\n"                                                                          \
    "vrshl.s32 q4, %[down]\n"                                                                          \
    "vrshl.s32 q1, %[down]\n"

/* Add 16-bit values to q4 and q1. */
#define MVE_PLUS(q)                                                                                    \
    "vmovlb.s16 q5, " q "\n"                                                                           \
    "vmovlt.s16 q0, " q "\n"                                                                           \
    "vadd.i32 q4, q4, q5\n"                                                                            \
    "vadd.i32 q1, q1, q0\n"

/* q0 = q4 and q1, saturated. */
#define MVE_SATURATE                                                                                   \
    "vqmovnb.s32 q0, q4\n"                                                                             \
    "vqmovnt.s32 q0, q1\n"

/* Multiply those values that are negative by their slopes. */
#define MVE_SLOPED(values, slopes)                                                                     \
    "vpt.s16 lt, " values ", zr\n"                                                                     \
    "vqrdmulht.s16 " values ", " values ", " slopes "\n"
#define MVE_STORE "vstrh.16 q0, [%[y]], #16\n"
#define MVE_NEAR_END MVE_SLOPED("q0", "q3") MVE_STORE
#define MVE_FAR_END "vldrh.u16 q1, [%[scales]], #16\n" MVE_SLOPED("q0", "q1") MVE_STORE

/* Subtract the limits of 16 values. */
#define MVE_LIMITS                                                                                     \
    "vldmia %[scales]!, {d10-d13}\n"                                                                   \
    "vqsub.s16 q2, q2, q5\n"                                                                           \
    "vqsub.s16 q3, q3, q6\n"

/* Store the bits of 16 values less their limits: the even ones in `even`, the odd ones in `odd`. Their
 * high bytes have their signs; VSHRNT puts those of the odd ones between those of the even ones. */
#define MVE_SIGNS(even, odd)                                                                           \
    "vshrnb.i16 " even ", " even ", #8\n"                                                              \
    "vshrnt.i16 " even ", " odd ", #8\n"                                                               \
    "vcmp.s8 ge, " even ", zr\n"                                                                       \
    "vmrs %[bits], p0\n"                                                                               \
    "strh %[bits], [%[y]], #2\n"

/* The constants of a layer, see linear_mve.h. */
typedef struct {
    const int16_t *scales;
    int32_t up;     /* 15 - shift */
    int32_t down;   /* -shift */
    int32_t k;      /* k << up, if mismatches are given */
    int32_t factor; /* -2 << up, likewise */
} mve_layer;

static inline mve_layer mve_layer_of(const int16_t *scales, uint32_t shift, uint32_t k) {
    const int32_t up = 15 - (int32_t)shift;
    const int32_t unit = up < 0 ? 0 : (int32_t)(1u << up);
    return (mve_layer){scales, up, -(int32_t)shift, (int32_t)k * unit, -2 * unit};
}

/* The ends of n outputs from `first` on, `each` of which are a step: near of sums that are small enough
 * (linear_mve.h), far of all, counted of mismatches whose sums are all small enough. */
#define MVE_VALUES(name, each, start, body, ...)                                                       \
    __attribute__((always_inline)) static inline void name(                                            \
        const mve_layer *layer, const int16_t *sums, const int16_t *residual, uint32_t first,          \
        uint32_t n, int16_t *y) {                                                                      \
        const int16_t *scales = layer->scales + 3u * first;                                            \
        __asm volatile(                                                                                \
            start "dls lr, %[loops]\n"                                                                 \
                  "1:\n" body "le lr, 1b\n"                                                            \
            : [sums] "+&r"(sums), [scales] "+&r"(scales), [residual] "+&r"(residual), [y] "+&r"(y)     \
            : [loops] "r"(n / each), __VA_ARGS__                                                       \
            : MVE_CLOBBERS);                                                                           \
    }

#define MVE_NEAR_VALUE                                                                                 \
    MVE_NEAR                                                                                           \
    "vldrh.u16 q5, [%[residual]], #16\n"                                                               \
    "vqadd.s16 q0, q0, q5\n" MVE_NEAR_END
#define MVE_FAR_VALUE                                                                                  \
    MVE_FAR "vldrh.u16 q2, [%[scales]], #16\n"                                                         \
            "vldrh.u16 q3, [%[residual]], #16\n" MVE_PLUS("q2") MVE_PLUS("q3")                         \
                MVE_SATURATE MVE_FAR_END
#define MVE_NEAR_ALONE MVE_NEAR MVE_NEAR_END
#define MVE_FAR_ALONE MVE_FAR "vldrh.u16 q2, [%[scales]], #16\n" MVE_PLUS("q2") MVE_SATURATE MVE_FAR_END

/* 16 near values: `bring` makes shifted sums of what is in a register. */
#define MVE_EIGHT(values, residuals)                                                                   \
    "vldmia %[scales]!, {d10-d15}\n"                                                                   \
    "vqrdmulh.s16 " values ", " values ", q5\n"                                                        \
    "vadd.i16 " values ", " values ", q6\n"                                                            \
    "vqadd.s16 " values ", " values ", " residuals "\n" MVE_SLOPED(values, "q7")
#define MVE_SIXTEEN(bring)                                                                             \
    "vldmia %[sums]!, {d0-d3}\n"                                                                       \
    "vldmia %[residual]!, {d4-d7}\n" bring("q0") bring("q1") MVE_EIGHT("q0", "q2")                     \
        MVE_EIGHT("q1", "q3") "vstmia %[y]!, {d0-d3}\n"
#define MVE_SHIFT(q) "vshl.s16 " q ", %[up]\n"
/* The mismatches of outputs, not their sums, are in `sums`: VMLAS makes k - 2 * mismatches of them,
 * shifted. */
#define MVE_COUNTED_START "vdup.16 q4, %[factor]\n"
#define MVE_COUNTED(q) "vmlas.s16 " q ", q4, %[k]\n"

MVE_VALUES(mve_near_values, 8u, "", MVE_NEAR_VALUE, [up] "r"(layer->up))
MVE_VALUES(mve_far_values, 8u, "", MVE_FAR_VALUE, [down] "r"(layer->down))
MVE_VALUES(mve_near_sixteens, 16u, "", MVE_SIXTEEN(MVE_SHIFT), [up] "r"(layer->up))
MVE_VALUES(mve_counted_sixteens, 16u, MVE_COUNTED_START,
           MVE_SIXTEEN(MVE_COUNTED), [k] "r"(layer->k), [factor] "r"(layer->factor))

/* Values without a residual, of `a` sums in turn. */
#define MVE_ALONE(name, body, ...)                                                                     \
    __attribute__((always_inline)) static inline void name(const mve_layer *layer, const int16_t *all, \
                                                           uint32_t a, uint32_t n, int16_t *y) {       \
        const int16_t *sums;                                                                           \
        const int16_t *scales = layer->scales;                                                         \
        uint32_t turns = n / a;                                                                        \
        __asm volatile(                                                                                \
            "1:\n"                                                                                     \
            "mov %[sums], %[all]\n"                                                                    \
            "dls lr, %[loops]\n"                                                                       \
            "2:\n" body "le lr, 2b\n"                                                                  \
            "subs %[turns], %[turns], #1\n"                                                            \
            "bne 1b\n"                                                                                 \
            : [sums] "=&r"(sums), [scales] "+&r"(scales), [turns] "+&r"(turns), [y] "+&r"(y)           \
            : [all] "r"(all), [loops] "r"(a / 8u), __VA_ARGS__                                         \
            : "cc", MVE_CLOBBERS);                                                                     \
    }

MVE_ALONE(mve_near_alone, MVE_NEAR_ALONE, [up] "r"(layer->up))
MVE_ALONE(mve_far_alone, MVE_FAR_ALONE, [down] "r"(layer->down))

/* Bits likewise. VLD2 separates the even and the odd residuals. */
#define MVE_BITS(name, body, ...)                                                                      \
    __attribute__((always_inline)) static inline void name(                                            \
        const mve_layer *layer, const int16_t *sums, const int16_t *residual, uint32_t first,          \
        uint32_t n, uint16_t *y) {                                                                     \
        const int16_t *scales = layer->scales + 2u * first;                                            \
        uint32_t bits;                                                                                 \
        __asm volatile(                                                                                \
            "dls lr, %[loops]\n"                                                                       \
            "1:\n"                                                                                     \
            "vld20.16 {q2, q3}, [%[residual]]\n"                                                       \
            "vld21.16 {q2, q3}, [%[residual]]!\n" body MVE_LIMITS MVE_SIGNS("q2", "q3") "le lr, 1b\n"  \
            : [bits] "=&r"(bits), [sums] "+&r"(sums), [scales] "+&r"(scales),                          \
              [residual] "+&r"(residual), [y] "+&r"(y)                                                 \
            : [loops] "r"(n / 16u), __VA_ARGS__                                                        \
            : MVE_CLOBBERS);                                                                           \
    }

#define MVE_NEAR_BITS                                                                                  \
    "vldmia %[sums]!, {d0-d3}\n"                                                                       \
    "vldmia %[scales]!, {d10-d13}\n"                                                                   \
    "vshl.s16 q0, %[up]\n"                                                                             \
    "vshl.s16 q1, %[up]\n"                                                                             \
    "vqrdmulh.s16 q0, q0, q5\n"                                                                        \
    "vqrdmulh.s16 q1, q1, q6\n"                                                                        \
    "vqadd.s16 q2, q2, q0\n"                                                                           \
    "vqadd.s16 q3, q3, q1\n"
#define MVE_COUNTED_BITS                                                                               \
    "vldmia %[sums]!, {d0-d3}\n"                                                                       \
    "vldmia %[scales]!, {d10-d13}\n"                                                                   \
    "vminv.u16 %[fewest], q0\n"                                                                        \
    "vmaxv.u16 %[most], q0\n"                                                                          \
    "vminv.u16 %[fewest], q1\n"                                                                        \
    "vmaxv.u16 %[most], q1\n"                                                                          \
    "vmlas.s16 q0, q4, %[k]\n"                                                                         \
    "vmlas.s16 q1, q4, %[k]\n"                                                                         \
    "vqrdmulh.s16 q0, q0, q5\n"                                                                        \
    "vqrdmulh.s16 q1, q1, q6\n"                                                                        \
    "vqadd.s16 q2, q2, q0\n"                                                                           \
    "vqadd.s16 q3, q3, q1\n"
#define MVE_FAR_BIT(q) MVE_FAR MVE_PLUS(q) MVE_SATURATE "vmov " q ", q0\n"

MVE_BITS(mve_near_bits, MVE_NEAR_BITS, [up] "r"(layer->up))
MVE_BITS(mve_far_bits, MVE_FAR_BIT("q2") MVE_FAR_BIT("q3"), [down] "r"(layer->down))

/* Bits of mismatches that may be too many or too few; return the largest magnitude of their sums. The
 * counter and the factor come in registers that have another use in the loop: GCC takes no more. */
__attribute__((always_inline)) static inline int32_t
mve_counted_bits(const mve_layer *layer, int32_t k, const int16_t *sums, const int16_t *residual,
                 uint32_t first, uint32_t n, uint16_t *y) {
    const int16_t *scales = layer->scales + 2u * first;
    uint32_t bits = n / 16u;
    int32_t fewest = INT16_MAX;
    int32_t most = layer->factor;
    __asm volatile(
        "vdup.16 q4, %[most]\n"
        "dls lr, %[bits]\n"
        "mov %[most], #0\n"
        "1:\n"
        "vld20.16 {q2, q3}, [%[residual]]\n"
        "vld21.16 {q2, q3}, [%[residual]]!\n" MVE_COUNTED_BITS MVE_LIMITS MVE_SIGNS("q2",
                                                                                    "q3") "le lr, 1b\n"
        : [bits] "+&r"(bits), [sums] "+&r"(sums), [scales] "+&r"(scales), [residual] "+&r"(residual),
          [y] "+&r"(y), [fewest] "+&r"(fewest), [most] "+&r"(most)
        : [k] "r"(layer->k)
        : MVE_CLOBBERS);
    return k - 2 * fewest > 2 * most - k ? k - 2 * fewest : 2 * most - k;
}

#endif
