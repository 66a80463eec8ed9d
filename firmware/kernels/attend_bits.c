#include "attend.h"
#include "lookup_halves.h"

#include <string.h>

#define EVEN 0x00FF00FFu

/* Write the words of four rows that share a word of counts, as many as there are, `step` words apart.
 * Byte i of gathered[b] has bits 8 b to 8 b + 7 of row i: a 4 x 4 transposition of bytes. */
__attribute__((always_inline)) static inline void turn(const uint32_t gathered[4][ATTEND_COUNTS],
                                                       uint32_t place, uint32_t rows, uint32_t *y,
                                                       uint32_t step) {
    const uint32_t a = gathered[0][place];
    const uint32_t b = gathered[1][place];
    const uint32_t c = gathered[2][place];
    const uint32_t d = gathered[3][place];
    const uint32_t even_low = (a & EVEN) | (b & EVEN) << 8;
    const uint32_t even_high = (c & EVEN) | (d & EVEN) << 8;
    const uint32_t odd_low = (a >> 8 & EVEN) | (b & ~EVEN);
    const uint32_t odd_high = (c >> 8 & EVEN) | (d & ~EVEN);
    if (rows > 0u) {
        *y = lookup_low_halves(even_low, even_high);
    }
    if (rows > 1u) {
        y += step;
        *y = lookup_low_halves(odd_low, odd_high);
    }
    if (rows > 2u) {
        y += step;
        *y = lookup_high_halves(even_low, even_high);
    }
    if (rows > 3u) {
        y += step;
        *y = lookup_high_halves(odd_low, odd_high);
    }
}

/* The rows of all words of counts, whose words of bits are `apart` words apart. */
__attribute__((always_inline)) static inline void turn_all(const uint32_t gathered[4][ATTEND_COUNTS],
                                                           uint32_t rows, uint32_t *y, uint32_t apart) {
    const uint32_t first = rows < 8u ? rows : 8u;
    const uint32_t second = rows - first;
    turn(gathered, 0, (first + 1u) / 2u, y, 2u * apart);
    turn(gathered, 1, first / 2u, y + apart, 2u * apart);
    turn(gathered, 2, (second + 1u) / 2u, y + 8u * apart, 2u * apart);
    turn(gathered, 3, second / 2u, y + 9u * apart, 2u * apart);
}

void sbnn_attend_bits(const uint32_t *counts, uint32_t n, const uint32_t *limits, uint32_t rows,
                      uint32_t *y) {
    const uint32_t words = (n + 31u) / 32u;
    for (uint32_t word = 0; word < words; word++) {
        uint32_t gathered[4][ATTEND_COUNTS];
        const uint32_t some = n < 32u ? n : 32u;
        if (some < 32u) {
            memset(gathered, 0, sizeof gathered);
        }
        sbnn_attend_gather(counts, some, limits, gathered[0]);
        counts += some * ATTEND_COUNTS;
        n -= some;
        if (rows == ATTEND_ROWS) {
            turn_all(gathered, ATTEND_ROWS, y + word, words);
        } else {
            turn_all(gathered, rows, y + word, words);
        }
    }
}
