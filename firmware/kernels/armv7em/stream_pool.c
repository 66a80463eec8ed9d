#include "linear_stream.h"

#include <arm_acle.h>
#include <stddef.h>

/* The mean of a and b, rounded up from a half, is half of a - ~b, because ~b is -b - 1. SHSUB16 halves
 * the differences of both values of a pair. */
#define MEAN(a, b)                                                                                     \
    "mvn " b ", " b "\n"                                                                               \
    "shsub16 " a ", " a ", " b "\n"

/* Means of eight values at a time; n is a multiple of 8.
 *
 *   r0 r1 r2 r3   both tokens, the result, the end of the first token */
__attribute__((naked)) static void means(__attribute__((unused)) const int16_t *value,
                                         __attribute__((unused)) const int16_t *other,
                                         __attribute__((unused)) int16_t *y,
                                         __attribute__((unused)) const int16_t *end) {
    __asm volatile("push {r4-r11}\n"
                   "1:\n"
                   "ldm r0!, {r4-r7}\n"
                   "ldm r1!, {r8-r11}\n"                                                 /**/
                   MEAN("r4", "r8") MEAN("r5", "r9") MEAN("r6", "r10") MEAN("r7", "r11") /**/
                   "stm r2!, {r4-r7}\n"
                   "cmp r0, r3\n"
                   "bne 1b\n"
                   "pop {r4-r11}\n"
                   "bx lr\n");
}

void sbnn_stream_pool(uint32_t rows, uint32_t columns, uint32_t group_rows, uint32_t group_columns,
                      uint32_t n, const int16_t *x, int16_t *y) {
    for (uint32_t row = 0; row < rows; row += group_rows) {
        const size_t below = rows - row < 2u || group_rows < 2u ? 0 : columns * n;
        for (uint32_t column = 0; column < columns; column += group_columns) {
            const size_t beside = columns - column < 2u || group_columns < 2u ? 0 : n;
            const int16_t *value = x + (row * columns + column) * n;
            const int16_t *const end = value + n;
            if (below != 0 && beside != 0) {
                for (; value != end; value++) {
                    *y++ = (int16_t)((value[0] + value[beside] + value[below] + value[below + beside] +
                                      2) >>
                                     2);
                }
                continue;
            }
            const int16_t *other = value + below + beside;
            const uint32_t eights = n & ~7u;
            if (eights != 0u) {
                means(value, other, y, value + eights);
            }
            for (value += eights, other += eights, y += eights; value != end;) {
                *y++ = (int16_t)((*value++ + *other++ + 1) >> 1);
            }
        }
    }
}
