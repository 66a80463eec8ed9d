/* The sums of a patch, k - 2 * mismatches. */
#ifndef SBNN_KERNELS_MVE_SUMS_H
#define SBNN_KERNELS_MVE_SUMS_H

#include "mve.h"

#include <string.h>

/* A layer's product, and the functions that count its mismatches. The bound of the stack in a bundle
 * (sensor_bnn/compiler/stack.py) does not follow tables of functions; those in tables here need less
 * stack than those that are named. */
typedef struct {
    const uint32_t *w;
    uint32_t width; /* the words of a row of K */
    uint32_t k;
    uint32_t n;
    mve_mismatches *whole; /* of all words, or the first 20 of 36; or NULL */
    mve_mismatches *rest;  /* of the other 16; or NULL */
} mve_product;

static inline mve_product mve_product_of(const uint32_t *w, uint32_t width, uint32_t k, uint32_t n) {
    static mve_mismatches *const few[MVE_PART] = {sbnn_mve_mismatches1, sbnn_mve_mismatches2,
                                                  sbnn_mve_mismatches3, sbnn_mve_mismatches4,
                                                  sbnn_mve_mismatches5};
    mve_product product = {w, width, k, n, 0, 0};
    if (width <= MVE_PART) {
        product.whole = few[width - 1u];
    } else if (width == 10u) {
        product.whole = sbnn_mve_rows10;
    } else if (width == 18u) {
        product.whole = sbnn_mve_rows18;
    } else if (width == 20u || width == 36u) {
        product.whole = sbnn_mve_rows20;
        product.rest = width == 36u ? sbnn_mve_rows16_more : 0;
    }
    return product;
}

/* The bytes that the sums of a patch need: sums, or bytes that become sums, or also mismatches. */
static inline uint32_t mve_sums_bytes(const mve_product *product) {
    return product->n * (product->whole ? 2u : product->width <= MVE_FEW_WORDS ? 4u : 6u);
}

/* The bytes of 16 outputs: VLD4 puts the four of an output into different vectors, q0 to q3. */
#define SUMS_BYTES                                                                                     \
    "vld40.8 {q0, q1, q2, q3}, [%[bytes]]\n"                                                           \
    "vld41.8 {q0, q1, q2, q3}, [%[bytes]]\n"                                                           \
    "vld42.8 {q0, q1, q2, q3}, [%[bytes]]\n"                                                           \
    "vld43.8 {q0, q1, q2, q3}, [%[bytes]]!\n"
/* q0 and q1 = the mismatches of the even and the odd outputs, if all four bytes together fit a byte. */
#define SUMS_FOUR                                                                                      \
    SUMS_BYTES                                                                                         \
    "vadd.i8 q0, q0, q1\n"                                                                             \
    "vadd.i8 q2, q2, q3\n"                                                                             \
    "vadd.i8 q0, q0, q2\n"                                                                             \
    "vmovlt.u8 q1, q0\n"                                                                               \
    "vmovlb.u8 q0, q0\n"
/* The same if two do. */
#define SUMS_TWO                                                                                       \
    SUMS_BYTES                                                                                         \
    "vadd.i8 q0, q0, q1\n"                                                                             \
    "vadd.i8 q2, q2, q3\n"                                                                             \
    "vmovlt.u8 q1, q0\n"                                                                               \
    "vmovlt.u8 q3, q2\n"                                                                               \
    "vmovlb.u8 q0, q0\n"                                                                               \
    "vmovlb.u8 q2, q2\n"                                                                               \
    "vadd.i16 q1, q1, q3\n"                                                                            \
    "vadd.i16 q0, q0, q2\n"
/* Mismatches that exist already. */
#define SUMS_HALVES "vldmia %[bytes]!, {d0-d3}\n"

/* Store k - 2 * mismatches, and return the largest magnitude. The sums of 16 outputs may replace what
 * they are made from, all of which is read before. */
#define SUMS_FUNCTION(name, mismatches)                                                                \
    static inline int32_t name(const void *bytes, uint32_t n, uint32_t k, int16_t *sums) {             \
        int32_t most = 0;                                                                              \
        __asm volatile("vdup.16 q4, %[factor]\n"                                                       \
                       "dls lr, %[loops]\n"                                                            \
                       "1:\n" mismatches "vmlas.s16 q0, q4, %[k]\n"                                    \
                       "vmlas.s16 q1, q4, %[k]\n"                                                      \
                       "vmaxav.s16 %[most], q0\n"                                                      \
                       "vmaxav.s16 %[most], q1\n"                                                      \
                       "vstmia %[sums]!, {d0-d3}\n"                                                    \
                       "le lr, 1b\n"                                                                   \
                       : [bytes] "+&r"(bytes), [sums] "+&r"(sums), [most] "+&Te"(most)                 \
                       : [factor] "r"(-2), [loops] "r"(n / 16u), [k] "r"(k)                            \
                       : "lr", "memory", "q0", "q1", "q2", "q3", "q4");                                \
        return most;                                                                                   \
    }

SUMS_FUNCTION(mve_sums_of_four, SUMS_FOUR)
SUMS_FUNCTION(mve_sums_of_two, SUMS_TWO)
SUMS_FUNCTION(mve_sums_of_halves, SUMS_HALVES)

/* Compute the sums of all outputs from parts of K, and return the largest magnitude. Of each 16
 * outputs, in the order in which w has them, the even ones come before the odd ones.
 *   workspace   mve_sums_bytes; the sums are in its first 2 * n */
static inline int32_t mve_sums_of_parts(const mve_product *product, const uint32_t *patch,
                                        void *workspace) {
    static mve_count *const more[MVE_PART] = {sbnn_mve_count1_more, sbnn_mve_count2_more,
                                              sbnn_mve_count3_more, sbnn_mve_count4_more,
                                              sbnn_mve_count5_more};
    const uint32_t n = product->n;
    const uint32_t k = product->k;
    const uint32_t *w = product->w;
    uint16_t *const mismatches = (uint16_t *)workspace + 2u * n;
    const int is_wide = product->width > MVE_FEW_WORDS;
    if (is_wide) {
        memset(mismatches, 0, 2u * n);
    }
    uint32_t bytes = 0; /* the words of K whose counts are in bytes */
    for (uint32_t left = product->width; left > 0u;) {
        const uint32_t part = left < MVE_PART ? left : MVE_PART;
        if (bytes == 0u && part < MVE_PART) {
            memset(workspace, 0, 4u * n);
        }
        (bytes == 0u && part == MVE_PART ? sbnn_mve_count5 : more[part - 1u])(patch, w, n / 4u,
                                                                              workspace, sbnn_mve_ones);
        patch += part;
        w += part * n;
        bytes += part;
        left -= part;
        if (is_wide && (bytes == MVE_WORDS || left == 0u)) {
            sbnn_mve_widen(workspace, n, mismatches);
            bytes = 0;
        }
    }
    if (is_wide) {
        return mve_sums_of_halves(mismatches, n, k, workspace);
    }
    return k <= MVE_BYTE_BITS ? mve_sums_of_four(workspace, n, k, workspace)
                              : mve_sums_of_two(workspace, n, k, workspace);
}

/* Count the mismatches of all outputs, if there is a function that does all words.
 *   workspace   2 * n bytes */
static inline void mve_count_whole(const mve_product *product, const uint32_t *patch, void *workspace) {
    const uint32_t n = product->n;
    product->whole(patch, product->w, n / 4u, workspace, sbnn_mve_ones);
    if (product->rest) {
        product->rest(patch + 20, product->w + 20u * n, n / 4u, workspace, sbnn_mve_ones);
    }
}

#endif
