#include "linear_stream.h"
#include "stream_pair.h"

#include <arm_acle.h>

/* The larger values of two pairs. SSUB16 compares both, SEL takes each by its flags. */
static inline int32_t larger(int32_t one, int32_t other) {
    (void)__ssub16(one, other);
    return (int32_t)__sel((uint8x4_t)one, (uint8x4_t)other);
}

void sbnn_stream_token_max(uint32_t m, uint32_t n, const int16_t *x, int16_t *y) {
    uint32_t left = n / 2u;
    for (; left >= 2u; left -= 2u, x += 4, y += 4) {
        int32_t low = stream_pair(x), high = stream_pair(x + 2);
        const int16_t *value = x;
        for (uint32_t i = m - 1u; i > 0u; i--) {
            value += n;
            low = larger(stream_pair(value), low);
            high = larger(stream_pair(value + 2), high);
        }
        stream_put_pair(y, low);
        stream_put_pair(y + 2, high);
    }
    if (left != 0u) {
        int32_t most = stream_pair(x);
        for (uint32_t i = m - 1u; i > 0u; i--) {
            x += n;
            most = larger(stream_pair(x), most);
        }
        stream_put_pair(y, most);
    }
}
