#include "linear_stream.h"

#define EVERY_FOURTH 0x11111111u

/* A nibble of `fours` is a channel's count of up to 15 tokens: bits 0, 4, 8 and so on of their words
 * are added at once, then those from bit 1 on. */
void sbnn_stream_token_count(uint32_t m, uint32_t n, const uint32_t *x, int32_t *y) {
    const uint32_t words = (n + 31u) / 32u;
    for (uint32_t j = 0; j < n; j++) {
        y[j] = 0;
    }
    for (uint32_t word = 0; word < words; word++) {
        const uint32_t *token = x + word;
        int32_t *const counts = y + word * 32u;
        const uint32_t channels = n - word * 32u < 32u ? n - word * 32u : 32u;
        for (uint32_t left = m; left > 0u;) {
            const uint32_t some = left < 15u ? left : 15u;
            for (uint32_t first = 0; first < 4u; first++) {
                uint32_t fours = 0;
                const uint32_t *bits = token;
                for (uint32_t i = some; i > 0u; i--, bits += words) {
                    fours += *bits >> first & EVERY_FOURTH;
                }
                for (uint32_t j = first; j < channels; j += 4u, fours >>= 4) {
                    counts[j] += (int32_t)(fours & 15u);
                }
            }
            token += some * words;
            left -= some;
        }
    }
}
