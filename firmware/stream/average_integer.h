/* Probabilities and their running average for a model with an integer output, without floating point.
 */
#ifndef SBNN_STREAM_AVERAGE_INTEGER_H
#define SBNN_STREAM_AVERAGE_INTEGER_H

#include <stdint.h>
#include <string.h>

#include "model.h"
#include "runtime/fixed_exponential.h"

typedef int32_t number; /* a logit in steps of the output; a probability, 1 being 2^30; the weight of a
                         * new output in the average, 1 being 2^16 */
typedef uint32_t power; /* an exponential */
typedef uint64_t total; /* a sum of them */

static inline void read_logits(const uint8_t *output, uint32_t count, number *logits) {
    for (uint32_t i = 0; i < count; i++) {
        SBNN_MODEL_OUTPUT_TYPE value;
        memcpy(&value, output + i * sizeof value, sizeof value);
        logits[i] = (number)value;
    }
}

static inline power power_of(number logit, number most) {
    static const uint64_t rate = FIXED_RATE(SBNN_MODEL_OUTPUT_STEP);
    return fixed_exponential((uint32_t)(most - logit), rate);
}

static inline number probability(power one, total sum) {
    return (number)(((uint64_t)one << 30) / sum);
}

/* The average after a new value with this weight. */
static inline number moved(number average, number new, number share) {
    return average + (number)(((int64_t)share * (new - average) + (1 << 15)) >> 16);
}

#endif
