#include "stream_bytes.h"
#include "stream_halves.h"

#include <arm_acle.h>
#include <string.h>

static inline int32_t word(const void *from) {
    int32_t found;
    memcpy(&found, from, sizeof found);
    return found;
}

/* Two rows at a time share the terms, whose order becomes that in which SXTB16 takes the bytes. An odd
 * last row is computed twice. */
void sbnn_stream_plain_sums(const stream_term *patch, const void *w, uint32_t terms, uint32_t a,
                            uint32_t pre, uint16_t *place) {
    const int8_t *weight = w;
    for (uint32_t left = a; left > 0u; left -= left < 2u ? left : 2u) {
        const stream_term *term = patch;
        const int8_t *other = left < 2u ? weight : weight + terms;
        int32_t sum = 0;
        int32_t next = 0;
        for (uint32_t fours = terms / 4u; fours > 0u; fours--, term += 4) {
            const int32_t low = word(term), high = word(term + 2);
            const int32_t even = stream_low_halves(low, high), odd = stream_high_halves(low, high);
            const int32_t first = word(weight), second = word(other);
            sum = __smlad(stream_even_bytes(first), even, sum);
            sum = __smlad(stream_odd_bytes(first), odd, sum);
            next = __smlad(stream_even_bytes(second), even, next);
            next = __smlad(stream_odd_bytes(second), odd, next);
            weight += 4;
            other += 4;
        }
        for (uint32_t ones = terms & 3u; ones > 0u; ones--, term++) {
            sum += *term * *weight++;
            next += *term * *other++;
        }
        stream_store(place, sum, pre);
        place += STREAM_ROWS;
        if (left > 1u) {
            stream_store(place, next, pre);
            place += STREAM_ROWS;
        }
        weight = other;
    }
}
