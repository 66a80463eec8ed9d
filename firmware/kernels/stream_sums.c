#include "stream_bytes.h"

void sbnn_stream_sums(const stream_term *patch, const void *w, uint32_t terms, uint32_t a, uint32_t pre,
                      uint16_t *place) {
    const uint32_t *words = w;
    terms = (terms + 1u) & ~1u;
    for (uint32_t j = 0; j < a; j += 4u, words += 2u * terms) {
        int32_t sums[4];
        sbnn_stream_dots(patch, words, terms, sums);
        for (uint32_t i = 0; i < 4u; i++, place += STREAM_ROWS) {
            stream_store(place, sums[i], pre);
        }
    }
}
