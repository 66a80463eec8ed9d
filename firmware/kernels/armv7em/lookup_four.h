/* Four outputs of one row, from counts in bytes or halfwords to floats.
 *
 * 2^24 + 2 count as a float has the bits 0x4B800000 + count: one instruction takes the count out of its
 * lane and adds them. 2^24 + k less that is k - 2 count, exact for even k: no integer is converted. */
#ifndef SBNN_KERNELS_LOOKUP_FOUR_H
#define SBNN_KERNELS_LOOKUP_FOUR_H

#include <stddef.h>
#include <stdint.h>

#define LOOKUP_BIAS 0x4B800000u

typedef struct {
    float scale[4];
    float bias[4];
    float zero;        /* 2^24 + k */
    const float *from; /* the residual's column, or NULL */
    float *to;         /* the output's column */
} lookup_four;

static inline float lookup_zero(uint32_t k) {
    return (float)(0x1000000u + k);
}

#define LOOKUP_FLOATS(extract, lane)                                                                   \
    extract " %[p], %[bits], %[w0], ror #" lane "\n" extract " %[q], %[bits], %[w1], ror #" lane "\n"  \
            "vmov s0, s1, %[p], %[q]\n" extract " %[p], %[bits], %[w2], ror #" lane "\n" extract       \
            " %[q], %[bits], %[w3], ror #" lane "\n"                                                   \
            "vmov s2, s3, %[p], %[q]\n"                                                                \
            "vsub.f32 s0, %[zero], s0\n"                                                               \
            "vsub.f32 s1, %[zero], s1\n"                                                               \
            "vsub.f32 s2, %[zero], s2\n"                                                               \
            "vsub.f32 s3, %[zero], s3\n"                                                               \
            "vmul.f32 s0, s0, %[s0]\n"                                                                 \
            "vmul.f32 s1, s1, %[s1]\n"                                                                 \
            "vmul.f32 s2, s2, %[s2]\n"                                                                 \
            "vmul.f32 s3, s3, %[s3]\n"                                                                 \
            "vadd.f32 s0, s0, %[b0]\n"                                                                 \
            "vadd.f32 s1, s1, %[b1]\n"                                                                 \
            "vadd.f32 s2, s2, %[b2]\n"                                                                 \
            "vadd.f32 s3, s3, %[b3]\n"

#define LOOKUP_RESIDUAL                                                                                \
    "vldm %[from], {s4-s7}\n"                                                                          \
    "vadd.f32 s0, s4, s0\n"                                                                            \
    "vadd.f32 s1, s5, s1\n"                                                                            \
    "vadd.f32 s2, s6, s2\n"                                                                            \
    "vadd.f32 s3, s7, s3\n"

#define LOOKUP_OPERANDS(four, w, place)                                                                \
    [w0] "r"((w)[0]), [w1] "r"((w)[1]), [w2] "r"((w)[2]), [w3] "r"((w)[3]), [bits] "r"(LOOKUP_BIAS),   \
        [zero] "t"((four)->zero), [s0] "t"((four)->scale[0]), [s1] "t"((four)->scale[1]),              \
        [s2] "t"((four)->scale[2]), [s3] "t"((four)->scale[3]), [b0] "t"((four)->bias[0]),             \
        [b1] "t"((four)->bias[1]), [b2] "t"((four)->bias[2]), [b3] "t"((four)->bias[3]),               \
        [to] "r"((four)->to + (place))

/* Lane `lane` of the words `w` of four outputs, as row's floats at `place` floats into the column.
 *   extract   "uxtab" and lane "0", "8", "16" or "24", or "uxtah" and lane "0" or "16" */
#define LOOKUP_FOUR(four, w, extract, lane, place)                                                     \
    do {                                                                                               \
        uint32_t p_;                                                                                   \
        uint32_t q_;                                                                                   \
        if ((four)->from == NULL) {                                                                    \
            __asm volatile(LOOKUP_FLOATS(extract, lane) "vstm %[to], {s0-s3}\n"                        \
                           : [p] "=&r"(p_), [q] "=&r"(q_)                                              \
                           : LOOKUP_OPERANDS(four, w, place)                                           \
                           : "s0", "s1", "s2", "s3", "memory");                                        \
        } else {                                                                                       \
            __asm volatile(LOOKUP_FLOATS(extract, lane) LOOKUP_RESIDUAL "vstm %[to], {s0-s3}\n"        \
                           : [p] "=&r"(p_), [q] "=&r"(q_)                                              \
                           : LOOKUP_OPERANDS(four, w, place), [from] "r"((four)->from + (place))       \
                           : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "memory");                \
        }                                                                                              \
    } while (0)

#endif
