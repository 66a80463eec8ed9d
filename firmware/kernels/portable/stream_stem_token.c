#include "stream_stem.h"

static int32_t limited(int32_t value) {
    return value > 32767 ? 32767 : value < -32768 ? -32768 : value;
}

static int32_t low(uint32_t word) {
    return (int16_t)word;
}

static int32_t high(uint32_t word) {
    return (int16_t)(word >> 16);
}

/* Of four bytes the first and the third one are in a word, and the other two in the next one. */
static void cut(const stream_stem *stem, const stem_term *x) {
    uint32_t *to = stem->patch;
    for (uint32_t *const end = to + stem->terms / 2u; to != end; x += stem->row) {
        const stem_term *four = x;
        for (uint32_t left = stem->fours; left > 0u; left--, four += 4, to += 2) {
            to[0] = (uint16_t)four[0] | (uint32_t)four[2] << 16;
            to[1] = (uint16_t)four[1] | (uint32_t)four[3] << 16;
        }
    }
}

void sbnn_stem_token(const stream_stem *stem, const stem_term *x, int16_t *y) {
    cut(stem, x);
    const uint32_t *w = stem->w;
    const uint32_t *constants = stem->constants;
    for (uint32_t j = 0; j < stem->n; j += STEM_CHANNELS, constants += STEM_CONSTANTS) {
        int32_t sums[STEM_CHANNELS] = {0};
        for (uint32_t i = 0; i < stem->terms / 2u; i++, w += STEM_CHANNELS) {
            const uint32_t two = stem->patch[i];
            for (uint32_t channel = 0; channel < STEM_CHANNELS; channel++) {
                sums[channel] += low(two) * low(w[channel]) + high(two) * high(w[channel]);
            }
        }
        for (uint32_t channel = 0; channel < STEM_CHANNELS; channel++) {
            const uint32_t two = constants[STEM_CHANNELS + channel / 2u];
            const int32_t sum = limited((sums[channel] + (int32_t)stem->half) >> stem->pre);
            const uint32_t product = (uint32_t)(sum * (channel % 2u ? high(two) : low(two)));
            const int32_t h = limited((int32_t)(product + constants[channel]) >> stem->shift);
            *y++ = (int16_t)(h >= 0 ? h : (h * stem->slope + STREAM_SLOPE_HALF) >> 13);
        }
    }
}
