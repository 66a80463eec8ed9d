#include "model.h"

#include "weights.h"

const uint8_t sbnn_model_hash[32] = {0x16};
const char sbnn_model_name[] = "stand-in of integers";

void standin16_linear(const int16_t *x, const int16_t *weights, uint32_t outputs,
                      int16_t *y); /* kernels.o */

void sbnn_model_invoke(void *arena, const void *input, void *output, const sbnn_observer *observer) {
    (void)arena;
    standin16_linear(input, stand_in_weights_0, STANDIN_OUTPUTS, output);
    if (observer != NULL) {
        observer->layer_done(observer->context, 0);
    }
}
