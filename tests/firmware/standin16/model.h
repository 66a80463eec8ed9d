/* A model of integers that can be checked by hand, in the form of a compiled bundle. */
#ifndef SBNN_MODEL_H
#define SBNN_MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifndef STANDIN_OUTPUTS
#define STANDIN_OUTPUTS 30
#endif
#ifndef STANDIN_STEP
#define STANDIN_STEP 0.0078125
#endif

#define SBNN_MODEL_ARENA_BYTES 16
#define SBNN_MODEL_INPUT_BYTES 800
#define SBNN_MODEL_OUTPUT_BYTES (2 * STANDIN_OUTPUTS)
#define SBNN_MODEL_LAYER_COUNT 1
#define SBNN_MODEL_CLASS_COUNT 0
#define SBNN_MODEL_INPUT_TYPE int16_t
#define SBNN_MODEL_INPUT_IS_FLOAT 0
#define SBNN_MODEL_OUTPUT_TYPE int16_t
#define SBNN_MODEL_OUTPUT_IS_FLOAT 0
#define SBNN_MODEL_OUTPUT_STEP STANDIN_STEP

extern const uint8_t sbnn_model_hash[32];
extern const char sbnn_model_name[];

typedef struct {
    void (*layer_done)(void *context, uint32_t layer);
    void *context;
} sbnn_observer;

void sbnn_model_invoke(void *arena, const void *input, void *output, const sbnn_observer *observer);

#endif
