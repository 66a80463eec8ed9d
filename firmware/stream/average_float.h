/* Probabilities and their running average for a model with a float32 output. */
#ifndef SBNN_STREAM_AVERAGE_FLOAT_H
#define SBNN_STREAM_AVERAGE_FLOAT_H

#include <stdint.h>
#include <string.h>

#include "runtime/exponential.h"

typedef float number; /* a logit or a probability, and the weight of a new output in the average */
typedef float power, total; /* an exponential, and a sum of them */

static inline void read_logits(const uint8_t *output, uint32_t count, number *logits) {
    memcpy(logits, output, count * sizeof *logits);
}

static inline power power_of(number logit, number most) {
    return exponential(logit - most);
}

static inline number probability(power one, total sum) {
    return one / sum;
}

/* The average after a new value with this weight. */
static inline number moved(number average, number new, number share) {
    return average + share * (new - average);
}

#endif
