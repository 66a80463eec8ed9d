/* A model that can be checked by hand, in the form of a compiled bundle. */
#ifndef SBNN_MODEL_H
#define SBNN_MODEL_H

#include <stddef.h>
#include <stdint.h>

#define SBNN_MODEL_ARENA_BYTES 1024
#define SBNN_MODEL_INPUT_BYTES 1600
#define SBNN_MODEL_OUTPUT_BYTES 1200
#define SBNN_MODEL_LAYER_COUNT 130
#define SBNN_MODEL_INPUT_TYPE float
#define SBNN_MODEL_INPUT_IS_FLOAT 1
#define SBNN_MODEL_OUTPUT_TYPE float
#define SBNN_MODEL_OUTPUT_IS_FLOAT 1

extern const uint8_t sbnn_model_hash[32];
extern const char sbnn_model_name[];

#ifdef STANDIN_NAMES
#define SBNN_MODEL_CLASS_COUNT 3
extern const char *const sbnn_model_class_names[3];
#else
#define SBNN_MODEL_CLASS_COUNT 0
#endif

typedef struct {
    void (*layer_done)(void *context, uint32_t layer);
    void *context;
} sbnn_observer;

void sbnn_model_invoke(void *arena, const void *input, void *output, const sbnn_observer *observer);

#endif
