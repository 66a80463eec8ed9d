#include "linear_stream.h"

/* Groups of one or two tokens are a pair, of which both may be the same token; of four, two pairs. */
void sbnn_stream_pool(uint32_t rows, uint32_t columns, uint32_t group_rows, uint32_t group_columns,
                      uint32_t n, const int16_t *x, int16_t *y) {
    for (uint32_t row = 0; row < rows; row += group_rows) {
        const uint32_t below = rows - row < 2u || group_rows < 2u ? 0 : columns * n;
        for (uint32_t column = 0; column < columns; column += group_columns) {
            const uint32_t beside = columns - column < 2u || group_columns < 2u ? 0 : n;
            const int16_t *value = x + (row * columns + column) * n;
            const int16_t *const end = value + n;
            if (below != 0 && beside != 0) {
                for (; value != end; value++) {
                    *y++ = (int16_t)((value[0] + value[beside] + value[below] + value[below + beside] +
                                      2) >>
                                     2);
                }
            } else {
                const int16_t *other = value + below + beside;
#pragma GCC unroll 2
                while (value != end) {
                    *y++ = (int16_t)((*value++ + *other++ + 1) >> 1);
                }
            }
        }
    }
}
