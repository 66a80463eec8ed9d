/* Samples for a model with a float32 input. */
#ifndef SBNN_STREAM_WINDOW_FLOAT_H
#define SBNN_STREAM_WINDOW_FLOAT_H

#include <stdbool.h>
#include <stdint.h>

/* A number from the sensor. */
typedef float sample;

/* One channel's, as STREAM_OPEN has it: value = (raw - offset) * gain. */
typedef struct {
    float offset, gain;
} scaling;

static inline bool scalings_are_valid(const uint8_t *sent, uint32_t count) {
    (void)sent;
    (void)count;
    return true;
}

static inline float scaled(sample raw, scaling scale) {
    return (raw - scale.offset) * scale.gain;
}

#endif
