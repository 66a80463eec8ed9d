#include "stream.h"

/* SSUB16 compares two values; SEL turns the results into bit 14 of each half, to which the halves shift
 * right. After eight pairs a half has eight bits with gaps, into which those of the other half fit. */
#define COMPARE(x, threshold)                                                                          \
    "ssub16 " x ", " x ", " threshold "\n"                                                             \
    "sel " x ", r12, r10\n"                                                                            \
    "orr lr, " x ", lr, lsr #2\n"
#define FOUR                                                                                           \
    "ldm r0!, {r4-r7}\n"                                                                               \
    "ldrd r8, r9, [r1], #8\n" COMPARE("r4", "r8")                                                      \
        COMPARE("r5", "r9") "ldrd r8, r9, [r1], #8\n" COMPARE("r6", "r8") COMPARE("r7", "r9")

/* r0 and r1 are the addresses of values and thresholds, r2 the end of the bits, r3 their address, r10
 * is 0, r12 has bit 14 of each half, lr the bits. */
__attribute__((naked)) void sbnn_stream_pack_row(__attribute__((unused)) const int16_t *x,
                                                 __attribute__((unused)) const uint32_t *threshold,
                                                 __attribute__((unused)) uint32_t k,
                                                 __attribute__((unused)) uint32_t *y) {
    __asm volatile("push {r4-r10, lr}\n"
                   "add r2, r3, r2, lsr #3\n"
                   "mov r10, #0\n"
                   "mov r12, #0x40004000\n"
                   "1:\n"
                   "mov lr, r10\n" /**/
                   FOUR FOUR       /**/
                   "orr lr, lr, lr, lsr #15\n"
                   "strh lr, [r3], #2\n"
                   "cmp r3, r2\n"
                   "bne 1b\n"
                   "pop {r4-r10, pc}\n");
}
