/* Features of a window of int16 samples, channel after channel: the same integers as `features`
 * of without_network.py. */
#include "window_features.h"

static int32_t floored(int32_t sum, int32_t count) {
    int32_t whole = sum / count;
    return sum % count < 0 ? whole - 1 : whole;
}

static int32_t root(uint64_t square) { /* a digit of the square root for each bit */
    uint32_t found = 0;
    for (uint32_t bit = 1u << 15; bit != 0; bit >>= 1) {
        uint32_t tried = found | bit;
        if (tried * tried <= square) {
            found = tried;
        }
    }
    return (int32_t)found;
}

static void of_channel(const int16_t *x, int16_t *to) {
    int32_t sum = 0, low = x[0], high = x[0], quarters[4] = {0};
    uint32_t way = 0;
    for (int32_t part = 0; part < 4; part++) {
        for (int32_t t = part * (LENGTH / 4); t < (part + 1) * (LENGTH / 4); t++) {
            int32_t value = x[t];
            quarters[part] += value;
            low = value < low ? value : low;
            high = value > high ? value : high;
            if (t > 0) {
                int32_t step = value - x[t - 1];
                way += (uint32_t)(step < 0 ? -step : step);
            }
        }
        sum += quarters[part];
    }
    int32_t mean = floored(sum, LENGTH), crossings = 0;
    uint32_t away = 0;
    uint64_t squares = 0;
    for (int32_t t = 0; t < LENGTH; t++) {
        int32_t difference = x[t] - mean;
        uint32_t size = (uint32_t)(difference < 0 ? -difference : difference);
        away += size;
        squares += size * size; /* at most 65,535 squared, which fits 32 bits */
        crossings += t > 0 && (difference < 0) != (x[t - 1] - mean < 0);
    }
    const int32_t all[EACH] = {mean,
                               low,
                               high,
                               (int32_t)(away / LENGTH),
                               (int32_t)(way / LENGTH),
                               crossings,
                               root(squares / LENGTH),
                               floored(quarters[0], LENGTH / 4) - mean,
                               floored(quarters[1], LENGTH / 4) - mean,
                               floored(quarters[2], LENGTH / 4) - mean,
                               floored(quarters[3], LENGTH / 4) - mean};
    for (int32_t k = 0; k < EACH; k++) {
        to[k] = (int16_t)(all[k] > INT16_MAX ? INT16_MAX : all[k] < INT16_MIN ? INT16_MIN : all[k]);
    }
}

void features(const int16_t window[CHANNELS][LENGTH], int16_t to[CHANNELS * EACH]) {
    for (int32_t channel = 0; channel < CHANNELS; channel++) {
        of_channel(window[channel], to + EACH * channel);
    }
}
