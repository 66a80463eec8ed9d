#include "stream_lanes_count.h"

/* r3 is the address of the values. A sum has its sign before and after its saturation; r8 and lr are
 * the slope and 4096 then. */
#define VALUE(value, sum)                                                                              \
    "ssat " value ", #16, " sum "\n"                                                                   \
    "itt mi\n"                                                                                         \
    "mlami " value ", " value ", r8, lr\n"                                                             \
    "asrmi " value ", " value ", #13\n"
#define PAIR(counts)                                                                                   \
    LANES_PRODUCTS(counts)                                                                             \
    "asr r10, r10, r9\n"                                                                               \
    "asr r11, r11, r9\n"                                                                               \
    "adds r10, r10, lr\n"                                                                              \
    "ldrd r8, lr, [sp, #28]\n" VALUE(counts, "r10") "adds r11, r11, r12, asr #16\n" VALUE(             \
        "r11", "r11") "bfi " counts ", r11, #16, #16\n"

__attribute__((naked)) void sbnn_lanes_far(__attribute__((unused)) const lanes_values *values) {
    __asm volatile(LANES_ENTER("64") "mov r10, #4096\n"
                                     "strd r8, r9, [sp, #24]\n"
                                     "str r10, [sp, #32]\n"
                                     "mov r9, r8\n"                                    /**/
                   LANES_TOKEN LANES_COUNT PAIR("r4") PAIR("r5") PAIR("r6") PAIR("r7") /**/
                   "stm r3!, {r4-r7}\n" LANES_WORD LANES_NEXT "add r3, r3, r11\n" LANES_LEAVE("36"));
}
