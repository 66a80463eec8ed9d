#include "stream_lanes.h"

/* Three fields of 4 bits, three more, and two. Two tokens make a turn of the loop; an odd one of a row
 * comes first.
 *
 *   r0-r3    sum of a group's entries
 *   r4-r7    entry; sums of all in the record
 *   r8-r11   sums of the high nibbles
 *   r12 lr   record, list
 *   stack    end of the records of a row, bytes of these; then nine saved registers, and the last two
 *            arguments */
#define TWO                                                                                            \
    "ldm lr!, {r0, r4}\n"                                                                              \
    "ldm r0, {r0-r3}\n" MORE
#define MORE                                                                                           \
    "ldm r4, {r4-r7}\n"                                                                                \
    "add r0, r0, r4\n"                                                                                 \
    "add r1, r1, r5\n"                                                                                 \
    "add r2, r2, r6\n"                                                                                 \
    "add r3, r3, r7\n"
#define THIRD "ldr r4, [lr], #4\n" MORE
#define ALL                                                                                            \
    "ldm r12, {r4-r7}\n"                                                                               \
    "add r4, r4, r0\n"                                                                                 \
    "add r5, r5, r1\n"                                                                                 \
    "add r6, r6, r2\n"                                                                                 \
    "add r7, r7, r3\n"
#define HIGH                                                                                           \
    "and r0, r0, #0xF0F0F0F0\n"                                                                        \
    "and r1, r1, #0xF0F0F0F0\n"                                                                        \
    "and r2, r2, #0xF0F0F0F0\n"                                                                        \
    "and r3, r3, #0xF0F0F0F0\n"                                                                        \
    "add r8, r8, r0, lsr #4\n"                                                                         \
    "add r9, r9, r1, lsr #4\n"                                                                         \
    "add r10, r10, r2, lsr #4\n"                                                                       \
    "add r11, r11, r3, lsr #4\n"

#define TOKEN                                                                                          \
    "ldm r12!, {r8-r11}\n"                      /**/                                                   \
        TWO THIRD ALL "stm r12, {r4-r7}\n" HIGH /**/                                                   \
            TWO THIRD ALL "stm r12, {r4-r7}\n" HIGH TWO ALL HIGH "stmdb r12, {r8-r11}\n"               \
    "stm r12!, {r4-r7}\n"

__attribute__((naked)) void sbnn_lanes_add(__attribute__((unused)) const uint32_t *tables,
                                           __attribute__((unused)) const uint32_t *list,
                                           __attribute__((unused)) uint32_t *records,
                                           __attribute__((unused)) uint32_t count,
                                           __attribute__((unused)) uint32_t rows,
                                           __attribute__((unused)) uint32_t skip) {
    __asm volatile("push {r4-r11, lr}\n"
                   "mov r12, r2\n"
                   "mov lr, r1\n"
                   "lsl r4, r3, #5\n"
                   "add r3, r2, r4\n"
                   "push {r3, r4}\n"
                   "1:\n"
                   "ldr r0, [sp, #4]\n"
                   "tst r0, #32\n"
                   "bne 3f\n"
                   "2:\n" TOKEN "3:\n" TOKEN "ldr r0, [sp]\n"
                   "cmp r12, r0\n"
                   "bne 2b\n"
                   "ldrd r1, r2, [sp, #44]\n"
                   "ldr r3, [sp, #4]\n"
                   "add lr, lr, r2\n"
                   "add r0, r0, r3\n"
                   "subs r1, r1, #1\n"
                   "strd r0, r3, [sp]\n"
                   "str r1, [sp, #44]\n"
                   "bne 1b\n"
                   "add sp, sp, #8\n"
                   "pop {r4-r11, pc}\n");
}
