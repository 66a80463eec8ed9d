#include "stream_two.h"

/* One row. Twice a half has its sign, which SEL goes by: halves of h that are negative are replaced. */
#define ROW(label, first, second)                                                                      \
    label ":\n"                                                                                        \
          "ldrsh r10, [r0, #" first "]\n"                                                              \
          "ldrsh r11, [r0, #" second "]\n"                                                             \
          "ldr r12, [r1]\n"                                                                            \
          "smlabb r10, r10, r5, r3\n"                                                                  \
          "smlabt r11, r11, r5, r4\n"                                                                  \
          "asr r10, r10, r7\n"                                                                         \
          "asr r11, r11, r7\n"                                                                         \
          "sxtah r10, r10, r12\n"                                                                      \
          "add r11, r11, r12, asr #16\n"                                                               \
          "ssat r10, #16, r10\n"                                                                       \
          "ssat r11, #16, r11\n"                                                                       \
          "pkhbt r10, r10, r11, lsl #16\n"                                                             \
          "smlabb r11, r10, r6, lr\n"                                                                  \
          "smlatt r12, r10, r6, lr\n"                                                                  \
          "ssat r11, #16, r11, asr #13\n"                                                              \
          "ssat r12, #16, r12, asr #13\n"                                                              \
          "pkhbt r11, r11, r12, lsl #16\n"                                                             \
          "sadd16 r12, r10, r10\n"                                                                     \
          "sel r10, r10, r11\n"                                                                        \
          "str r10, [r2]\n"
#define DOWN                                                                                           \
    "subs r1, r1, r8\n"                                                                                \
    "sub r2, r2, r9\n"

/* r0-r9 are the fields of the pair, r10-r12 a row, and lr is 4096. */
__attribute__((naked)) void sbnn_stream_two_values(__attribute__((unused)) stream_two *channels) {
    __asm volatile("push {r0, r4-r11, lr}\n" /**/
                   STREAM_TWO_NEXT "add r11, r2, #4\n"
                   "str r11, [r12, #8]\n"
                   "mov lr, #4096\n"                                                /**/
                   STREAM_TWO_LAST_ROW                                              /**/
                       ROW("18", "14", "30") DOWN ROW("17", "6", "22") DOWN         /**/
                           ROW("16", "10", "26") DOWN ROW("15", "2", "18") DOWN     /**/
                               ROW("14", "12", "28") DOWN ROW("13", "4", "20") DOWN /**/
                                   ROW("12", "8", "24") DOWN ROW("11", "0", "16") STREAM_TWO_REPEAT);
}
