#include "lookup_saved.h"
#include "stream_window.h"

/* A channel: label 2 is for a negative value, 3 and 4 for one beyond int16, 5 for the end.
 *
 *   r0 r1 r2   shift, constants, sums
 *   r3         values
 *   r4-r6      base, then the value; factor; slope
 *   r7         sum
 *   r8-r10     4096, 32767, -32768
 *   r11 r12    first sum, end of the sums
 *   lr         end of the constants */
#define CHANNEL(sum, place)                                                                            \
    "ldrh r7, [r2, #" sum "]\n"                                                                        \
    "ldm r1!, {r4-r6}\n"                                                                               \
    "muls r5, r7, r5\n"                                                                                \
    "subs r4, r4, r5\n"                                                                                \
    "asrs r4, r4, r0\n"                                                                                \
    "bmi 2f\n"                                                                                         \
    "lsrs r7, r4, #15\n"                                                                               \
    "beq 5f\n"                                                                                         \
    "mov r4, r9\n"                                                                                     \
    "b 5f\n"                                                                                           \
    "2:\n"                                                                                             \
    "asrs r7, r4, #15\n"                                                                               \
    "adds r7, #1\n"                                                                                    \
    "beq 4f\n"                                                                                         \
    "mov r4, r10\n"                                                                                    \
    "4:\n"                                                                                             \
    "muls r4, r6, r4\n"                                                                                \
    "add r4, r4, r8\n"                                                                                 \
    "asrs r4, r4, #13\n"                                                                               \
    "5:\n"                                                                                             \
    "strh r4, [r3, #" place "]\n"

__attribute__((naked)) void sbnn_window_token(__attribute__((unused)) const stream_window *window,
                                              __attribute__((unused)) int16_t *y) {
    __asm volatile(LOOKUP_SAVE "mov r3, r1\n"
                               "ldm r0!, {r4-r7}\n"
                               "ldr r0, [r0]\n"
                               "mov r11, r4\n"
                               "mov r12, r5\n"
                               "movs r1, r6\n"
                               "mov lr, r7\n"
                               "movs r4, #1\n"
                               "lsls r5, r4, #12\n"
                               "mov r8, r5\n"
                               "lsls r5, r4, #15\n"
                               "subs r6, r5, #1\n"
                               "mov r9, r6\n"
                               "negs r5, r5\n"
                               "mov r10, r5\n"
                               "6:\n"
                               "mov r2, r11\n"
                               "1:\n"                                                         /**/
                   CHANNEL("0", "0") CHANNEL("16", "2") CHANNEL("32", "4") CHANNEL("48", "6") /**/
                   "adds r3, #8\n"
                   "adds r2, #64\n"
                   "cmp r2, r12\n"
                   "bne 1b\n"
                   "cmp r1, lr\n"
                   "bne 6b\n" LOOKUP_RETURN);
}
