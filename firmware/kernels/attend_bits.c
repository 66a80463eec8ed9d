#include "attend.h"

#define EVEN 0x00FF00FFu
#define LOW 0xFFFFu

/* Write the words of the rows that share a word of counts. Byte i of gathered[b] has bits 8 b to 8 b +
 * 7 of row `first` + 2 i: a 4 x 4 transposition of bytes. */
__attribute__((always_inline)) static inline void turn(const uint32_t gathered[4][ATTEND_COUNTS],
                                                       uint32_t place, uint32_t first, uint32_t rows,
                                                       uint32_t *y, uint32_t apart) {
    const uint32_t a = gathered[0][place];
    const uint32_t b = gathered[1][place];
    const uint32_t c = gathered[2][place];
    const uint32_t d = gathered[3][place];
    const uint32_t even_low = (a & EVEN) | (b & EVEN) << 8;
    const uint32_t even_high = (c & EVEN) | (d & EVEN) << 8;
    const uint32_t odd_low = (a >> 8 & EVEN) | (b & ~EVEN);
    const uint32_t odd_high = (c >> 8 & EVEN) | (d & ~EVEN);
    if (first < rows) {
        y[first * apart] = (even_low & LOW) | even_high << 16;
    }
    if (first + 2u < rows) {
        y[(first + 2u) * apart] = (odd_low & LOW) | odd_high << 16;
    }
    if (first + 4u < rows) {
        y[(first + 4u) * apart] = even_low >> 16 | (even_high & ~LOW);
    }
    if (first + 6u < rows) {
        y[(first + 6u) * apart] = odd_low >> 16 | (odd_high & ~LOW);
    }
}

void sbnn_attend_bits(const uint32_t *counts, uint32_t n, const uint32_t *limits, uint32_t rows,
                      uint32_t *y) {
    const uint32_t words = (n + 31u) / 32u;
    for (uint32_t word = 0; word < words; word++) {
        uint32_t gathered[4][ATTEND_COUNTS];
        for (uint32_t part = 0; part < 4u; part++) {
            const uint32_t some = n < 8u ? n : 8u;
            sbnn_attend_gather(counts, some, limits, gathered[part]);
            counts += some * ATTEND_COUNTS;
            n -= some;
        }
        turn(gathered, 0, 0, rows, y + word, words);
        turn(gathered, 1, 1, rows, y + word, words);
        turn(gathered, 2, 8, rows, y + word, words);
        turn(gathered, 3, 9, rows, y + word, words);
    }
}
