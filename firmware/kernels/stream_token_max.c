#include "linear_stream.h"
#include "stream_pair.h"

/* A pair compares as its odd value does, unless that one is equal; the even value decides then. */
void sbnn_stream_token_max(uint32_t m, uint32_t n, const int16_t *x, int16_t *y) {
    for (const int16_t *const end = x + n; x != end; x += 2) {
        const int16_t *value = x;
        int32_t odd = stream_pair(value);
        int32_t even = (int32_t)((uint32_t)odd << 16);
        for (uint32_t i = m - 1u; i > 0u; i--) {
            value += n;
            const int32_t pair = stream_pair(value);
            const int32_t turned = (int32_t)((uint32_t)pair << 16);
            odd = pair > odd ? pair : odd;
            even = turned > even ? turned : even;
        }
        *y++ = (int16_t)(even >> 16);
        *y++ = (int16_t)(odd >> 16);
    }
}
