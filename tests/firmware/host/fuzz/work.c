/* The stand-in's kernels without their long loops, so that a fuzzer need not wait. */
#include <stdint.h>

#include "fuzz.h"

void standin_linear(const float *x, const float *weights, float *scratch, float *y);
void standin_spin(uint32_t rounds);
void standin_dig(uint32_t bytes);

void standin_linear(const float *x, const float *weights, float *scratch, float *y) {
    for (int i = 0; i < 300; i++) {
        scratch[i % 150] = weights[0] * x[i] + weights[1] * x[i + 1] + weights[2] * x[i + 2];
        y[i] = scratch[i % 150] + weights[3];
    }
}

void standin_spin(uint32_t rounds) {
    (void)rounds;
    fuzz_work();
}

void standin_dig(uint32_t bytes) {
    (void)bytes;
}
