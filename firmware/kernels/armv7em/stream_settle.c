#include "stream.h"

/* UXTB16 takes bytes 0 and 2 of a word as halfwords, UXTAB16 adds them; rotated by 8 bits, bytes 1
 * and 3.
 *
 *   r0 r1 r2   sums, their end, wide
 *   r3 r4      even and odd rows of the first pair
 *   r5 r6      of the second one
 *   r7-r10     halfwords
 *   r12        0 */
#define TOTALS                                                                                         \
    "ldm r0!, {r3-r6}\n"                                                                               \
    "sub r3, r3, r4, lsl #4\n"                                                                         \
    "sub r5, r5, r6, lsl #4\n"                                                                         \
    "uxtb16 r7, r3\n"                                                                                  \
    "uxtb16 r8, r3, ror #8\n"                                                                          \
    "uxtb16 r9, r4\n"                                                                                  \
    "uxtb16 r10, r4, ror #8\n"                                                                         \
    "uxtab16 r7, r7, r5\n"                                                                             \
    "uxtab16 r8, r8, r5, ror #8\n"                                                                     \
    "uxtab16 r9, r9, r6\n"                                                                             \
    "uxtab16 r10, r10, r6, ror #8\n"

__attribute__((naked)) void sbnn_stream_settle(__attribute__((unused)) uint32_t *sums,
                                               __attribute__((unused)) uint32_t n,
                                               __attribute__((unused)) uint32_t *wide) {
    __asm volatile("push {r4-r11, lr}\n"
                   "cmp r0, r2\n"
                   "add r1, r0, r1, lsl #4\n"
                   "mov r12, #0\n"
                   "bne 2f\n"
                   "1:\n" TOTALS "stm r2!, {r7-r10}\n"
                   "cmp r0, r1\n"
                   "bne 1b\n"
                   "pop {r4-r11, pc}\n"
                   "2:\n" TOTALS "ldm r2, {r3-r6}\n"
                   "uadd16 r7, r7, r3\n"
                   "uadd16 r8, r8, r4\n"
                   "uadd16 r9, r9, r5\n"
                   "uadd16 r10, r10, r6\n"
                   "stm r2!, {r7-r10}\n"
                   "strd r12, r12, [r0, #-16]\n"
                   "strd r12, r12, [r0, #-8]\n"
                   "cmp r0, r1\n"
                   "bne 2b\n"
                   "pop {r4-r11, pc}\n");
}
