#include "stream_quantize.h"
#include "stream_window.h"

void sbnn_window_token(const stream_window *window, int16_t *y) {
    const uint16_t *sums = window->sums;
    const int32_t *const end = window->constants_end;
    const uint32_t shift = window->shift;
    for (const int32_t *constants = window->constants; constants != end; constants += 3) {
        /* The product may wrap round, the sum does not. */
        const uint32_t product = *sums * (uint32_t)constants[1];
        const int32_t h = stream_value16((int32_t)((uint32_t)constants[0] - product) >> shift);
        *y++ = (int16_t)(h >= 0 ? h : (h * constants[2] + STREAM_SLOPE_HALF) >> 13);
        sums += STREAM_ROWS;
        if (sums == window->sums_end) {
            sums = window->sums;
        }
    }
}
