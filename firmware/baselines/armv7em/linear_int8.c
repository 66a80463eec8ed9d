/* The DSP extension: four terms are widened to two pairs of halfwords, and SMLAD adds the two products
 * of a pair. CMSIS-NN's arm_nn_mat_mult_nt_t_s8 is built the same way, two rows by two outputs. */
#include "int8_tiles.h"

#include <arm_acle.h>
#include <string.h>

/* Four terms: the even-numbered and the odd-numbered ones. */
typedef struct {
    int16x2_t even;
    int16x2_t odd;
} int8_fours;

static inline int8_fours int8_read(const int8_t *from) {
    int8x4_t word;
    int8_fours fours;
    memcpy(&word, from, sizeof word);
    fours.even = __sxtb16(word);
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(fours.odd) : "r"(word));
    return fours;
}

static inline int32_t int8_add(int8_fours left, int8_fours right, int32_t sum) {
    return __smlad(left.odd, right.odd, __smlad(left.even, right.even, sum));
}

static inline int8_sums int8_tile(uint32_t rows, uint32_t outputs, const int8_t *x, const int8_t *w,
                                  uint32_t k) {
    int8_sums sums = {{{0}}};
    const int8_t *const end = x + (k & ~3u);
    const uint32_t next = k - 4u; /* from the end of four terms to the same terms of the next row */
    while (x != end) {
        const int8_fours right = int8_read(w);
        w += 4;
        int8_fours left = int8_read(x);
        x += 4;
        sums.of[0][0] = int8_add(left, right, sums.of[0][0]);
        int8_fours other = {0, 0};
        if (outputs > 1u) {
            other = int8_read(w + next);
            sums.of[0][1] = int8_add(left, other, sums.of[0][1]);
        }
        if (rows > 1u) {
            left = int8_read(x + next);
            sums.of[1][0] = int8_add(left, right, sums.of[1][0]);
            sums.of[1][1] = outputs > 1u ? int8_add(left, other, sums.of[1][1]) : 0;
        }
    }
    for (uint32_t p = 0; p < k % 4u; p++) {
#pragma GCC unroll 2
        for (uint32_t row = 0; row < rows; row++) {
#pragma GCC unroll 2
            for (uint32_t j = 0; j < outputs; j++) {
                sums.of[row][j] += x[row * k + p] * w[j * k + p];
            }
        }
    }
    return sums;
}
