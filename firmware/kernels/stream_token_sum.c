#include "linear_stream.h"
#include "stream_pair.h"

void sbnn_stream_token_sum(uint32_t m, uint32_t n, const int16_t *x, int32_t *y) {
    for (const int16_t *const end = x + n; x != end; x += 2) {
        int32_t even = 0;
        int32_t odd = 0;
        const int16_t *value = x;
        for (uint32_t i = m; i > 0u; i--, value += n) {
            const int32_t pair = stream_pair(value);
            even += (int16_t)pair;
            odd += pair >> 16;
        }
        *y++ = even;
        *y++ = odd;
    }
}
