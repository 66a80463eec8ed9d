/* The sums of a patch, k - 2 * mismatches. */
#ifndef SBNN_KERNELS_MVE_SUMS_H
#define SBNN_KERNELS_MVE_SUMS_H

#include "mve.h"

#include <string.h>

/* The functions that count a layer's mismatches: all parts of K but the last one have MVE_PART words.
 */
typedef struct {
    const uint32_t *w;
    uint32_t width; /* the words of a row of K */
    uint32_t k;
    uint32_t n;
    mve_count *first;    /* the first part */
    mve_count *last;     /* the last one, if it is another one */
    mve_mismatches *all; /* of all K, if there is one part; the weights are then in another order */
} mve_product;

static inline mve_product mve_product_of(const uint32_t *w, uint32_t width, uint32_t k, uint32_t n) {
    static mve_count *const only[MVE_PART] = {sbnn_mve_count1, sbnn_mve_count2, sbnn_mve_count3,
                                              sbnn_mve_count4, sbnn_mve_count5};
    static mve_count *const more[MVE_PART] = {sbnn_mve_count1_more, sbnn_mve_count2_more,
                                              sbnn_mve_count3_more, sbnn_mve_count4_more,
                                              sbnn_mve_count5_more};
    static mve_mismatches *const all[MVE_PART] = {sbnn_mve_mismatches1, sbnn_mve_mismatches2,
                                                  sbnn_mve_mismatches3, sbnn_mve_mismatches4,
                                                  sbnn_mve_mismatches5};
    const uint32_t last = (width - 1u) % MVE_PART;
    return (mve_product){w,          width,    k, n, width > MVE_PART ? sbnn_mve_count5 : only[last],
                         more[last], all[last]};
}

/* The bytes of 16 outputs: VLD4 puts the four of an output into different vectors, q0 to q3. */
#define SUMS_BYTES                                                                                     \
    "vld40.8 {q0, q1, q2, q3}, [%[bytes]]\n"                                                           \
    "vld41.8 {q0, q1, q2, q3}, [%[bytes]]\n"                                                           \
    "vld42.8 {q0, q1, q2, q3}, [%[bytes]]\n"                                                           \
    "vld43.8 {q0, q1, q2, q3}, [%[bytes]]!\n"
/* q1 and q0 = the mismatches of the even and the odd outputs, if all four bytes together fit a byte. */
#define SUMS_FOUR                                                                                      \
    SUMS_BYTES                                                                                         \
    "vadd.i8 q0, q0, q1\n"                                                                             \
    "vadd.i8 q2, q2, q3\n"                                                                             \
    "vadd.i8 q0, q0, q2\n"                                                                             \
    "vmovlb.u8 q1, q0\n"                                                                               \
    "vmovlt.u8 q0, q0\n"
/* The same if two do. */
#define SUMS_TWO                                                                                       \
    SUMS_BYTES                                                                                         \
    "vadd.i8 q0, q0, q1\n"                                                                             \
    "vadd.i8 q2, q2, q3\n"                                                                             \
    "vmovlb.u8 q1, q0\n"                                                                               \
    "vmovlb.u8 q3, q2\n"                                                                               \
    "vmovlt.u8 q0, q0\n"                                                                               \
    "vmovlt.u8 q2, q2\n"                                                                               \
    "vadd.i16 q1, q1, q3\n"                                                                            \
    "vadd.i16 q0, q0, q2\n"
/* Mismatches that exist already. */
#define SUMS_HALVES                                                                                    \
    "vldrh.u16 q1, [%[bytes]], #16\n"                                                                  \
    "vldrh.u16 q0, [%[bytes]], #16\n"

/* Store k - 2 * mismatches, and return the largest magnitude. The sums of 16 outputs may replace what
 * they are made from, all of which is read before. */
#define SUMS_FUNCTION(name, mismatches)                                                                \
    static inline int32_t name(const void *bytes, uint32_t n, uint32_t k, int16_t *sums) {             \
        int32_t most = 0;                                                                              \
        __asm volatile("vdup.16 q4, %[factor]\n"                                                       \
                       "dls lr, %[loops]\n"                                                            \
                       "1:\n" mismatches "vmlas.s16 q1, q4, %[k]\n"                                    \
                       "vmlas.s16 q0, q4, %[k]\n"                                                      \
                       "vmaxav.s16 %[most], q1\n"                                                      \
                       "vmaxav.s16 %[most], q0\n"                                                      \
                       "vstrh.16 q1, [%[sums]], #16\n"                                                 \
                       "vstrh.16 q0, [%[sums]], #16\n"                                                 \
                       "le lr, 1b\n"                                                                   \
                       : [bytes] "+&r"(bytes), [sums] "+&r"(sums), [most] "+&Te"(most)                 \
                       : [factor] "r"(-2), [loops] "r"(n / 16u), [k] "r"(k)                            \
                       : "lr", "memory", "q0", "q1", "q2", "q3", "q4");                                \
        return most;                                                                                   \
    }

SUMS_FUNCTION(mve_sums_of_four, SUMS_FOUR)
SUMS_FUNCTION(mve_sums_of_two, SUMS_TWO)
SUMS_FUNCTION(mve_sums_of_halves, SUMS_HALVES)

/* Compute the sums of all outputs, and return the largest magnitude. Of each 16 outputs, in the order
 * in which w has them, the even ones come before the odd ones. workspace   6 * n bytes; the sums are in
 * its first 2 * n */
static inline int32_t mve_sums(const mve_product *product, const uint32_t *patch, void *workspace) {
    const uint32_t n = product->n;
    const uint32_t k = product->k;
    const uint32_t *w = product->w;
    uint16_t *const mismatches = (uint16_t *)workspace + 2u * n;
    product->first(patch, w, n / 4u, workspace, sbnn_mve_ones);
    if (product->width <= MVE_PART) {
        return k <= MVE_BYTE_BITS ? mve_sums_of_four(workspace, n, k, workspace)
                                  : mve_sums_of_two(workspace, n, k, workspace);
    }
    const int is_wide = product->width > MVE_FEW_WORDS;
    if (is_wide) {
        memset(mismatches, 0, 2u * n);
    }
    uint32_t left = product->width - MVE_PART;
    uint32_t bytes = MVE_PART;
    for (; left > MVE_PART; left -= MVE_PART) {
        patch += MVE_PART;
        w += MVE_PART * n;
        if (bytes == MVE_WORDS) {
            sbnn_mve_widen(workspace, n, mismatches);
            sbnn_mve_count5(patch, w, n / 4u, workspace, sbnn_mve_ones);
            bytes = MVE_PART;
        } else {
            sbnn_mve_count5_more(patch, w, n / 4u, workspace, sbnn_mve_ones);
            bytes += MVE_PART;
        }
    }
    if (bytes == MVE_WORDS) {
        sbnn_mve_widen(workspace, n, mismatches);
        memset(workspace, 0, 4u * n);
    }
    product->last(patch + MVE_PART, w + MVE_PART * n, n / 4u, workspace, sbnn_mve_ones);
    if (is_wide) {
        sbnn_mve_widen(workspace, n, mismatches);
        return mve_sums_of_halves(mismatches, n, k, workspace);
    }
    return k <= MVE_BYTE_BITS ? mve_sums_of_four(workspace, n, k, workspace)
                              : mve_sums_of_two(workspace, n, k, workspace);
}

#endif
