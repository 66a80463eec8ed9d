#include "model.h"

#include "weights.h"

const uint8_t sbnn_model_hash[32] = {
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
};
const char sbnn_model_name[] = "stand-in";
#ifdef STANDIN_NAMES
#define TEN(text) text text text text text text text text text text
/* The second is UTF-8, and the last is longer than a frame. */
const char *const sbnn_model_class_names[3] = {"walk", "g\303\244hnen", TEN(TEN("turn and run, "))};
#endif

/* kernels.o */
void standin_linear(const float *x, const float *weights, float *scratch, float *y);
void standin_spin(uint32_t rounds);
void standin_dig(uint32_t bytes);

/* The first layer spends x[0] rounds, the second uses x[1] bytes of stack, the third computes the
 * output, and the others are idle. The output is linear in the input. */
void sbnn_model_invoke(void *arena, const void *input, void *output, const sbnn_observer *observer) {
    const float *x = input;
    for (uint32_t layer = 0; layer < SBNN_MODEL_LAYER_COUNT; layer++) {
        if (layer == 0) {
            standin_spin((uint32_t)x[0]);
        } else if (layer == 1) {
            standin_dig((uint32_t)x[1]);
        } else if (layer == 2) {
            standin_linear(x, stand_in_weights_0, arena, output);
        }
        if (observer != NULL) {
            observer->layer_done(observer->context, layer);
        }
    }
}
