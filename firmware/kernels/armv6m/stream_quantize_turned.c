#include "linear_stream.h"

/* A sample. Few bytes are outside the range: label 2 is for those.
 *
 *   r0 r1     samples, the bytes of the channel
 *   r2 r3     scale, bias
 *   r4 r5     shift, 0
 *   r6 r7     the byte, the same plus 127
 *   r8 r9     the end of the samples, the distance of two bytes */
__attribute__((naked)) static void
channel(__attribute__((unused)) const int16_t *x, __attribute__((unused)) int8_t *y,
        __attribute__((unused)) int32_t scale, __attribute__((unused)) int32_t bias,
        __attribute__((unused)) uint32_t shift, __attribute__((unused)) const int16_t *end,
        __attribute__((unused)) uint32_t n) {
    __asm volatile(".syntax unified\n"
                   "push {r4-r7, lr}\n"
                   "mov r6, r8\n"
                   "mov r7, r9\n"
                   "push {r6, r7}\n"
                   "ldr r4, [sp, #28]\n"
                   "ldr r6, [sp, #32]\n"
                   "mov r8, r6\n"
                   "ldr r6, [sp, #36]\n"
                   "mov r9, r6\n"
                   "movs r5, #0\n"
                   "1:\n"
                   "ldrsh r6, [r0, r5]\n"
                   "muls r6, r2, r6\n"
                   "adds r6, r6, r3\n"
                   "asrs r6, r6, r4\n"
                   "movs r7, r6\n"
                   "adds r7, #127\n"
                   "cmp r7, #254\n"
                   "bhi 2f\n"
                   "3:\n"
                   "strb r6, [r1]\n"
                   "add r1, r1, r9\n"
                   "adds r0, #2\n"
                   "cmp r0, r8\n"
                   "bne 1b\n"
                   "pop {r6, r7}\n"
                   "mov r8, r6\n"
                   "mov r9, r7\n"
                   "pop {r4-r7, pc}\n"
                   "2:\n" /* 127, or -127 */
                   "asrs r6, r6, #31\n"
                   "movs r7, #127\n"
                   "eors r7, r6\n"
                   "subs r6, r7, r6\n"
                   "b 3b\n");
}

void sbnn_stream_quantize_turned(uint32_t m, uint32_t n, uint32_t shift, const int16_t *x,
                                 const int16_t *scale, const int32_t *bias, int8_t *y) {
    for (uint32_t j = 0; j < n; j++, x += m) {
        channel(x, y++, *scale++, *bias++, shift, x + m, n);
    }
}
