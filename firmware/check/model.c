#include "model.h"

#include "weights.h"

const uint8_t sbnn_model_hash[32] = {0};
const char sbnn_model_name[] = "check";

void check_scale(const float *x, const float *weight, float *y); /* kernels.c */

void sbnn_model_invoke(void *arena, const void *input, void *output, const sbnn_observer *observer) {
    (void)arena;
    check_scale(input, check_weights_0, output);
    if (observer != NULL) {
        observer->layer_done(observer->context, 0);
    }
}
