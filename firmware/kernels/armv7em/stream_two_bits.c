#include "stream_two.h"

/* One row; each sign enters at the lowest bit. */
#define ROW(first, second)                                                                             \
    "ldrsh r10, [r0, #" first "]\n"                                                                    \
    "ldrsh r11, [r0, #" second "]\n"                                                                   \
    "ldr r12, [r1]\n"                                                                                  \
    "smlabb r10, r10, r5, r3\n"                                                                        \
    "smlabt r11, r11, r5, r4\n"                                                                        \
    "smlabb r10, r12, r6, r10\n"                                                                       \
    "smlatb r11, r12, r6, r11\n"                                                                       \
    "adds r10, r10, r10\n"                                                                             \
    "adcs r2, r2, r2\n"                                                                                \
    "adds r11, r11, r11\n"                                                                             \
    "adcs r7, r7, r7\n"
#define DOWN "subs r1, r1, r8\n"

/* r0, r1, r3-r6 and r8 are fields of the pair, r2 and r7 the signs, r10-r12 a row. */
__attribute__((naked)) void sbnn_stream_two_bits(__attribute__((unused)) stream_two *channels) {
    __asm volatile("push {r0, r4-r11, lr}\n" /**/
                   STREAM_TWO_NEXT "movs r2, #0\n"
                   "movs r7, #0\n"                                          /**/
                   STREAM_TWO_LAST_ROW                                      /**/
                   "18:\n" ROW("14", "30") DOWN "17:\n" ROW("6", "22") DOWN /**/
                   "16:\n" ROW("10", "26") DOWN "15:\n" ROW("2", "18") DOWN /**/
                   "14:\n" ROW("12", "28") DOWN "13:\n" ROW("4", "20") DOWN /**/
                   "12:\n" ROW("8", "24") DOWN
                   "11:\n" ROW("0", "16") "ldr r12, [sp]\n"
                                          "ldr r0, [r12, #8]\n"
                                          "strb r2, [r0], #1\n"
                                          "strb r7, [r0], #1\n"
                                          "str r0, [r12, #8]\n" STREAM_TWO_REPEAT);
}
