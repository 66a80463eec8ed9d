#include "stream_lanes_count.h"

/* r3 is the address of the values, r8 and r12 have slopes, r9 is the shift. */
#define NEGATIVE(value, slope)                                                                         \
    "cmp " value ", #0\n"                                                                              \
    "itt mi\n"                                                                                         \
    "mlami " value ", " value ", " slope ", lr\n"                                                      \
    "asrmi " value ", " value ", #13\n"
#define PAIR(counts)                                                                                   \
    LANES_PRODUCTS(counts)                                                                             \
    "asr r10, r10, r9\n"                                                                               \
    "asr r11, r11, r9\n"                                                                               \
    "add r10, r10, lr\n"                                                                               \
    "add r11, r11, r12, asr #16\n"                                                                     \
    "ldr r8, [r1], #4\n"                                                                               \
    "mov lr, #4096\n"                                                                                  \
    "ssat r10, #16, r10\n"                                                                             \
    "ssat r11, #16, r11\n"                                                                             \
    "sxth r12, r8\n"                                                                                   \
    "asr r8, r8, #16\n" /**/                                                                           \
        NEGATIVE("r10", "r12") NEGATIVE("r11", "r8") "bfi r10, r11, #16, #16\n"                        \
                                                     "str r10, [r3], #4\n"

__attribute__((naked)) void sbnn_lanes_far_own(__attribute__((unused)) const lanes_values *values) {
    __asm volatile(LANES_ENTER LANES_TOKEN LANES_COUNT "ldr r12, [sp, #4]\n"
                                                       "ldr r9, [r12, #16]\n"                     /**/
                   PAIR("r4") PAIR("r5") PAIR("r6") PAIR("r7") LANES_WORD LANES_NEXT_AFTER("256") /**/
                   "sub r11, r11, #64\n"
                   "add r3, r3, r11\n" LANES_LEAVE);
}
