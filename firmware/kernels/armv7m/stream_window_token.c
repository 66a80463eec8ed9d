#include "stream_window.h"

/* A channel. Saturation keeps the sign that the shift has left in the flags.
 *
 *   r0-r2    sums, constants, values
 *   r3       shift
 *   r4-r6    base, then the value; factor; slope
 *   r7       sum
 *   r8-r10   first sum, end of the sums, end of the constants
 *   r12      4096 */
#define CHANNEL                                                                                        \
    "ldm r1!, {r4-r6}\n"                                                                               \
    "ldrh r7, [r0], #16\n"                                                                             \
    "mls r4, r7, r5, r4\n"                                                                             \
    "asrs r4, r4, r3\n"                                                                                \
    "ssat r4, #16, r4\n"                                                                               \
    "itt mi\n"                                                                                         \
    "mlami r4, r4, r6, r12\n"                                                                          \
    "asrmi r4, r4, #13\n"                                                                              \
    "strh r4, [r2], #2\n"

__attribute__((naked)) void sbnn_window_token(__attribute__((unused)) const stream_window *window,
                                              __attribute__((unused)) int16_t *y) {
    __asm volatile("push {r4-r10, lr}\n"
                   "mov r2, r1\n"
                   "ldrd r8, r9, [r0]\n"
                   "ldrd r1, r10, [r0, #8]\n"
                   "ldr r3, [r0, #16]\n"
                   "mov r12, #4096\n"
                   "1:\n"
                   "mov r0, r8\n"
                   "2:\n" CHANNEL CHANNEL CHANNEL CHANNEL "cmp r0, r9\n"
                   "bne 2b\n"
                   "cmp r1, r10\n"
                   "bne 1b\n"
                   "pop {r4-r10, pc}\n");
}
