#include "linear_mve.h"
#include "mve.h"

#include <arm_mve.h>

#define TOKENS 255u /* whose count fits a byte */

/* A bit of a word is the predicate of a byte lane, in which a one is added. */
static void count(const uint32_t *x, uint32_t step, uint32_t tokens, uint8_t *found) {
    uint32_t bits;
    __asm volatile("vmov.i32 q0, #0\n"
                   "vmov.i32 q1, #0\n"
                   "vmov.i8 q2, #1\n"
                   "dls lr, %[tokens]\n"
                   "1:\n"
                   "ldr %[bits], [%[x]]\n"
                   "add %[x], %[x], %[step]\n"
                   "vmsr p0, %[bits]\n"
                   "lsr %[bits], %[bits], #16\n"
                   "vpst\n"
                   "vaddt.i8 q0, q0, q2\n"
                   "vmsr p0, %[bits]\n"
                   "vpst\n"
                   "vaddt.i8 q1, q1, q2\n"
                   "le lr, 1b\n"
                   "vstrb.8 q0, [%[found]]\n"
                   "vstrb.8 q1, [%[found], #16]\n"
                   : [bits] "=&r"(bits), [x] "+&r"(x)
                   : [step] "r"(step), [tokens] "r"(tokens), [found] "r"(found)
                   : "lr", "memory", "q0", "q1", "q2");
}

void sbnn_mve_token_count(uint32_t m, uint32_t n, const uint32_t *x, int32_t *y) {
    const uint32_t words = n / 32u;
    for (uint32_t word = 0; word < words; word++, x++, y += 32) {
        for (uint32_t first = 0; first < m; first += TOKENS) {
            uint8_t found[32];
            count(x + first * words, 4u * words, m - first < TOKENS ? m - first : TOKENS, found);
            for (uint32_t i = 0; i < 32u; i += 4u) {
                const int32x4_t more = vreinterpretq_s32_u32(vldrbq_u32(found + i));
                vst1q_s32(y + i, first ? vaddq_s32(vld1q_s32(y + i), more) : more);
            }
        }
    }
}
