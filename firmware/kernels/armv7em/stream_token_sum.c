#include "linear_stream.h"
#include "stream_pair.h"

/* Two pairs at a time share the address and the loop. */
void sbnn_stream_token_sum(uint32_t m, uint32_t n, const int16_t *x, int32_t *y) {
    uint32_t left = n / 2u;
    for (; left >= 2u; left -= 2u, x += 4) {
        int32_t sums[4] = {0, 0, 0, 0};
        const int16_t *value = x;
        for (uint32_t i = m; i > 0u; i--, value += n) {
            const int32_t low = stream_pair(value), high = stream_pair(value + 2);
            sums[0] += (int16_t)low;
            sums[1] += low >> 16;
            sums[2] += (int16_t)high;
            sums[3] += high >> 16;
        }
        for (uint32_t i = 0; i < 4u; i++) {
            *y++ = sums[i];
        }
    }
    if (left != 0u) {
        int32_t even = 0, odd = 0;
        for (uint32_t i = m; i > 0u; i--, x += n) {
            const int32_t pair = stream_pair(x);
            even += (int16_t)pair;
            odd += pair >> 16;
        }
        *y++ = even;
        *y = odd;
    }
}
