#include "stream_window.h"
#include "stream_widen.h"

#include <string.h>

/* Widen the tokens `first` to `first` + `count` - 1 of a window; those outside it are zeros, as is one
 * more term. */
static void widen(const int8_t *x, uint32_t columns, uint32_t width, int32_t first, uint32_t count,
                  stream_term *terms) {
    const uint32_t before = first < 0 ? (uint32_t)-first : 0u;
    const uint32_t skipped = first < 0 ? 0u : (uint32_t)first;
    const uint32_t left = skipped < columns ? columns - skipped : 0u;
    const uint32_t wanted = before < count ? count - before : 0u;
    const uint32_t some = wanted < left ? wanted : left;
    const uint32_t after = wanted - some;
    memset(terms, 0, (count - wanted) * width * sizeof *terms);
    terms += (count - wanted) * width;
    if (some > 0u) {
        terms = stream_widened(terms, x + skipped * width, some * width);
    }
    memset(terms, 0, (after * width + 1u) * sizeof *terms);
}

void sbnn_stream_window(uint32_t columns, uint32_t kernel, uint32_t stride, int32_t first,
                        uint32_t width, uint32_t a, uint32_t n, uint32_t pre, uint32_t shift,
                        const int8_t *x, const uint32_t *w, const int32_t *constants, void *workspace,
                        int16_t *y) {
    const uint32_t outputs = (columns + stride - 1u) / stride;
    uint16_t *const sums = workspace;
    stream_term *const terms = (stream_term *)((uint32_t *)workspace + STREAM_COUNTS * a);
    const stream_window window = {.sums = sums,
                                  .sums_end = sums + a * STREAM_ROWS,
                                  .constants = constants,
                                  .constants_end = constants + n / 2u * WINDOW_CONSTANTS,
                                  .shift = shift};
    for (uint32_t token = 0; token < outputs; token += WINDOW_OUTPUTS) {
        const uint32_t count = outputs - token < WINDOW_OUTPUTS ? outputs - token : WINDOW_OUTPUTS;
        widen(x, columns, width, first + (int32_t)(token * stride), (count - 1u) * stride + kernel,
              terms);
        for (uint32_t row = 0; row < count; row++, y += n) {
            sbnn_stream_sums(terms + row * stride * width, w, kernel * width, a, pre, sums);
            sbnn_window_token(&window, y);
        }
    }
}
