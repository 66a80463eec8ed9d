#include <arm_neon.h>

#include "neon.h"

#define GROUP 16u /* outputs per vector */

/* Rearrange one word of each output of a group. VLD4 splits the words into four vectors, one per
 * byte. */
static void arrange_word(const uint32_t *w, uint32_t stride, uint32_t rows, uint8_t *to) {
    uint32_t column[GROUP];
    for (uint32_t j = 0; j < GROUP; j++) {
        column[j] = j < rows ? w[j * stride] : 0u;
    }
    const uint8x16x4_t bytes = vld4q_u8((const uint8_t *)column);
    vst1q_u8(to, bytes.val[0]);
    vst1q_u8(to + NEON_PANEL, bytes.val[1]);
    vst1q_u8(to + 2u * NEON_PANEL, bytes.val[2]);
    vst1q_u8(to + 3u * NEON_PANEL, bytes.val[3]);
}

/* Two words of output j, followed by two words of output j + 8. */
static uint8x16_t two_words(const uint32_t *w, uint32_t stride, uint32_t j) {
    return vreinterpretq_u8_u32(
        vcombine_u32(vld1_u32(w + j * stride), vld1_u32(w + (j + 8u) * stride)));
}

/* Bytes 0 and 1, 2 and 3, 4 and 5, 6 and 7 of 8 outputs. */
typedef struct {
    uint8x16_t of[4];
} quarter;

/* Each argument holds the 8 bytes of two outputs, interleaved: outputs 0 and 4, 1 and 5, 2 and 6, 3 and
 * 7. */
static quarter interleave(uint8x16_t rows04, uint8x16_t rows15, uint8x16_t rows26, uint8x16_t rows37) {
    const uint8x16x2_t even = vzipq_u8(rows04, rows26);
    const uint8x16x2_t odd = vzipq_u8(rows15, rows37);
    const uint8x16x2_t first = vzipq_u8(even.val[0], odd.val[0]);
    const uint8x16x2_t last = vzipq_u8(even.val[1], odd.val[1]);
    return (quarter){{first.val[0], first.val[1], last.val[0], last.val[1]}};
}

/* Rearrange two words of each output of a complete group: a transposition of 16 by 8 bytes, by
 * interleaving three times. */
static void arrange_two_words(const uint32_t *w, uint32_t stride, uint8_t *to) {
    const uint8x16x2_t rows04 = vzipq_u8(two_words(w, stride, 0), two_words(w, stride, 4));
    const uint8x16x2_t rows15 = vzipq_u8(two_words(w, stride, 1), two_words(w, stride, 5));
    const uint8x16x2_t rows26 = vzipq_u8(two_words(w, stride, 2), two_words(w, stride, 6));
    const uint8x16x2_t rows37 = vzipq_u8(two_words(w, stride, 3), two_words(w, stride, 7));
    const quarter low = interleave(rows04.val[0], rows15.val[0], rows26.val[0], rows37.val[0]);
    const quarter high = interleave(rows04.val[1], rows15.val[1], rows26.val[1], rows37.val[1]);
#pragma GCC unroll 4
    for (uint32_t i = 0; i < 4u; i++) {
        vst1q_u8(to, vcombine_u8(vget_low_u8(low.of[i]), vget_low_u8(high.of[i])));
        vst1q_u8(to + NEON_PANEL, vcombine_u8(vget_high_u8(low.of[i]), vget_high_u8(high.of[i])));
        to += 2u * NEON_PANEL;
    }
}

void sbnn_neon_panel(const uint32_t *w, uint32_t rows, uint32_t words, uint8_t *panel) {
    for (uint32_t first = 0; first < NEON_PANEL; first += GROUP) {
        const uint32_t left = rows > first ? rows - first : 0u;
        const uint32_t *const from = left == 0u ? w : w + first * words;
        uint8_t *const to = panel + first;
        uint32_t word = 0;
        if (left >= GROUP) {
            for (; word + 2u <= words; word += 2u) {
                arrange_two_words(from + word, words, to + word * 4u * NEON_PANEL);
            }
        }
        for (; word < words; word++) {
            arrange_word(from + word, words, left, to + word * 4u * NEON_PANEL);
        }
    }
}
