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
#define SBNN_MODEL_NUMBER_COUNT 0
#define SBNN_MODEL_OUTPUT_STEP STANDIN_STEP

extern const uint8_t sbnn_model_hash[32];
extern const char sbnn_model_name[];

typedef struct {
    void (*layer_done)(void *context, uint32_t layer);
    void *context;
} sbnn_observer;

void sbnn_model_invoke(void *arena, const void *input, void *output, const sbnn_observer *observer);

/* Only for the stream: tests/firmware/windows.py writes it. */
#if __has_include("stand_in_window.h")
#include "stand_in_window.h"
#define SBNN_MODEL_CHANNELS STAND_IN_CHANNELS
#define SBNN_MODEL_WINDOW STAND_IN_WINDOW
#define SBNN_MODEL_CHANNEL_COUNT 0
#define sbnn_sample stand_in_sample
#define sbnn_status stand_in_status
#define sbnn_decision stand_in_decision
#define sbnn_window stand_in_window
#define sbnn_window_config stand_in_window_config
#define sbnn_window_init stand_in_window_init
#define sbnn_window_push stand_in_window_push
#define sbnn_window_fill stand_in_window_fill
#define sbnn_window_decide stand_in_window_decide
#define sbnn_window_take stand_in_window_take
#define sbnn_window_lost stand_in_window_lost
#define SBNN_WINDOW_CONFIG STAND_IN_WINDOW_CONFIG
#define SBNN_OK STAND_IN_OK
#define SBNN_LOST STAND_IN_LOST
#endif

#endif
