#include "linear_mve.h"
#include "mve_ends.h"

/* VLD2 separates the even and the odd values. */
static void pack(const int16_t *x, const int16_t *threshold, uint32_t k, uint16_t *y) {
    uint32_t bits;
    __asm volatile("dls lr, %[loops]\n"
                   "1:\n"
                   "vld20.16 {q0, q1}, [%[x]]\n"
                   "vld21.16 {q0, q1}, [%[x]]!\n"
                   "vldmia %[limits]!, {d4-d7}\n"
                   "vqsub.s16 q0, q0, q2\n"
                   "vqsub.s16 q1, q1, q3\n" MVE_SIGNS("q0", "q1") "le lr, 1b\n"
                   : [bits] "=&r"(bits), [x] "+&r"(x), [limits] "+&r"(threshold), [y] "+&r"(y)
                   : [loops] "r"(k / 16u)
                   : MVE_CLOBBERS);
}

void sbnn_mve_pack(uint32_t m, uint32_t k, const int16_t *x, const int16_t *threshold, uint32_t *y) {
    for (; m > 0u; m--) {
        pack(x, threshold, k, (uint16_t *)(void *)y);
        x += k;
        y += k / 32u;
    }
}
