/* Samples for a model with an integer input, without floating point. */
#ifndef SBNN_STREAM_WINDOW_INTEGER_H
#define SBNN_STREAM_WINDOW_INTEGER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "model.h"

/* A number from the sensor. */
typedef int16_t sample;

/* One channel's, as STREAM_OPEN has it: value = (256 * raw - offset) * gain / 2^shift, to the nearest.
 * So the offset counts 256ths of the sensor's numbers. */
typedef struct {
    int32_t offset, gain;
    uint32_t shift;
} scaling;

#define INPUT_BITS (8u * sizeof(SBNN_MODEL_INPUT_TYPE))
#define INPUT_LEAST ((SBNN_MODEL_INPUT_TYPE) - 1 < 0 ? -((int64_t)1 << (INPUT_BITS - 1u)) : 0)
#define INPUT_MOST (((int64_t)1 << INPUT_BITS) - 1 + INPUT_LEAST)

static inline bool scalings_are_valid(const uint8_t *sent, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        scaling scale;
        memcpy(&scale, sent + i * sizeof scale, sizeof scale);
        if (scale.shift > 62u) {
            return false;
        }
    }
    return true;
}

/* A value beyond the input's range gets the range's end. */
static inline SBNN_MODEL_INPUT_TYPE scaled(sample raw, scaling scale) {
    const int64_t half = scale.shift == 0u ? 0 : (int64_t)1 << (scale.shift - 1u);
    const int64_t value = (((int64_t)raw * 256 - scale.offset) * scale.gain + half) >> scale.shift;
    const int64_t least = INPUT_LEAST, most = INPUT_MOST;
    return (SBNN_MODEL_INPUT_TYPE)(value < least ? least : value > most ? most : value);
}

#endif
