#include "stream_quantize.h"
#include "stream_window.h"

void sbnn_window_token(const stream_window *window, int16_t *y) {
    const int32_t *constants = window->constants;
    const uint32_t shift = window->shift;
    do {
        const uint16_t *sums = window->sums;
        do {
            /* The product may wrap round, the sum does not. */
            const uint32_t product = *sums * (uint32_t)constants[1];
            int32_t h = stream_value16((int32_t)((uint32_t)constants[0] - product) >> shift);
            if (h < 0) {
                h = (h * constants[2] + STREAM_SLOPE_HALF) >> 13;
            }
            *y++ = (int16_t)h;
            sums += STREAM_ROWS;
            constants += 3;
        } while (sums != window->sums_end);
    } while (constants != window->constants_end);
}
