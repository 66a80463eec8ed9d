#include "stream_lanes_count.h"

/* r3 is the address of the values, r8 the slope, r9 the shift. */
#define NEGATIVE(value)                                                                                \
    "cmp " value ", #0\n"                                                                              \
    "itt mi\n"                                                                                         \
    "mlami " value ", " value ", r8, lr\n"                                                             \
    "asrmi " value ", " value ", #13\n"
#define PAIR(counts)                                                                                   \
    LANES_PRODUCTS(counts)                                                                             \
    "asr r10, r10, r9\n"                                                                               \
    "asr r11, r11, r9\n"                                                                               \
    "add r10, r10, lr\n"                                                                               \
    "add r11, r11, r12, asr #16\n"                                                                     \
    "ldr r12, [sp, #4]\n"                                                                              \
    "ldr r8, [r12, #20]\n"                                                                             \
    "mov lr, #4096\n"                                                                                  \
    "ssat r10, #16, r10\n"                                                                             \
    "ssat r11, #16, r11\n" /**/                                                                        \
        NEGATIVE("r10") NEGATIVE("r11") "bfi r10, r11, #16, #16\n"                                     \
                                        "str r10, [r3], #4\n"

__attribute__((naked)) void sbnn_lanes_far(__attribute__((unused)) const lanes_values *values) {
    __asm volatile(LANES_ENTER LANES_TOKEN LANES_COUNT "ldr r12, [sp, #4]\n"
                                                       "ldr r9, [r12, #16]\n"        /**/
                   PAIR("r4") PAIR("r5") PAIR("r6") PAIR("r7") LANES_WORD LANES_NEXT /**/
                   "sub r11, r11, #64\n"
                   "add r3, r3, r11\n" LANES_LEAVE);
}
