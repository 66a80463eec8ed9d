#include <stdint.h>

void standin16_linear(const int16_t *x, const int16_t *weights, uint32_t outputs, int16_t *y);

/* y[i] = (w0 * x[i] + w1 * x[i + 1] + w2 * x[i + 2]) / 4, rounded down and limited to 16 bits. */
void standin16_linear(const int16_t *x, const int16_t *weights, uint32_t outputs, int16_t *y) {
    for (uint32_t i = 0; i < outputs; i++) {
        const int32_t sum = (weights[0] * x[i] + weights[1] * x[i + 1] + weights[2] * x[i + 2]) >> 2;
        y[i] = (int16_t)(sum < INT16_MIN ? INT16_MIN : sum > INT16_MAX ? INT16_MAX : sum);
    }
}
