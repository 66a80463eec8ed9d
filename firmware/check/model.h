/* The smallest model, in the form of a compiled bundle. `sensor-bnn boards check` links it to test
 * whether a board's facts are consistent. */
#ifndef SBNN_MODEL_H
#define SBNN_MODEL_H

#include <stddef.h>
#include <stdint.h>

#define SBNN_MODEL_ARENA_BYTES 16
#define SBNN_MODEL_INPUT_BYTES 4
#define SBNN_MODEL_OUTPUT_BYTES 4
#define SBNN_MODEL_LAYER_COUNT 1
#define SBNN_MODEL_CLASS_COUNT 0
#define SBNN_MODEL_NUMBER_COUNT 0
#define SBNN_MODEL_INPUT_TYPE float
#define SBNN_MODEL_INPUT_IS_FLOAT 1
#define SBNN_MODEL_OUTPUT_TYPE float
#define SBNN_MODEL_OUTPUT_IS_FLOAT 1

extern const uint8_t sbnn_model_hash[32];
extern const char sbnn_model_name[];

typedef struct {
    void (*layer_done)(void *context, uint32_t layer);
    void *context;
} sbnn_observer;

void sbnn_model_invoke(void *arena, const void *input, void *output, const sbnn_observer *observer);

#endif
