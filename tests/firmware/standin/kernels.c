#include <stdint.h>

void standin_linear(const float *x, const float *weights, float *scratch, float *y);
void standin_spin(uint32_t rounds);
void standin_dig(uint32_t bytes);

/* y[i] = w0 * x[i] + w1 * x[i + 1] + w2 * x[i + 2] + w3, for 300 outputs. It uses 150 words of the
 * arena. */
void standin_linear(const float *x, const float *weights, float *scratch, float *y) {
    for (int i = 0; i < 300; i++) {
        volatile float *sum = &scratch[i % 150];
        *sum = weights[0] * x[i];
        *sum += weights[1] * x[i + 1];
        *sum += weights[2] * x[i + 2];
        y[i] = *sum + weights[3];
    }
}

/* Takes two instructions per round. */
void standin_spin(uint32_t rounds) {
    if (rounds > 0) {
#ifdef __arm__
        __asm volatile("1: subs %0, %0, #1\n bne 1b" : "+r"(rounds)::"cc");
#elif defined __aarch64__
        __asm volatile("1: subs %w0, %w0, #1\n b.ne 1b" : "+r"(rounds)::"cc");
#elif defined __riscv
        __asm volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(rounds));
#else
        for (volatile uint32_t i = rounds; i > 0; i--) {
        }
#endif
    }
}

/* Write to this many bytes of the stack, from the top down. */
void standin_dig(uint32_t bytes) {
    if (bytes > 0) {
        volatile uint8_t hole[bytes];
        for (uint32_t i = bytes; i > 0; i--) {
            hole[i - 1] = (uint8_t)i;
        }
        (void)hole[0];
    }
}
