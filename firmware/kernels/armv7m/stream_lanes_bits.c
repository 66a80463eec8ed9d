#include "stream_lanes_count.h"

/* A sign enters at the lowest bit, so that the first channel's is the top one in the end. r3 has the
 * signs, r9 the factor of the residual. */
#define PAIR(counts)                                                                                   \
    LANES_PRODUCTS(counts)                                                                             \
    "asr r12, r12, #16\n"                                                                              \
    "mla r10, lr, r9, r10\n"                                                                           \
    "mla r11, r12, r9, r11\n"                                                                          \
    "adds r10, r10, r10\n"                                                                             \
    "adcs r3, r3, r3\n"                                                                                \
    "adds r11, r11, r11\n"                                                                             \
    "adcs r3, r3, r3\n"

__attribute__((naked)) void sbnn_lanes_bits(__attribute__((unused)) const lanes_values *values) {
    __asm volatile(LANES_ENTER("0") "str r9, [sp, #24]\n"
                                    "str r3, [sp, #28]\n"                              /**/
                   LANES_TOKEN LANES_COUNT PAIR("r4") PAIR("r5") PAIR("r6") PAIR("r7") /**/
                   LANES_WORD "rbit r3, r3\n"
                              "mvn r3, r3\n"
                              "ldr r4, [sp, #28]\n"
                              "str r3, [r4]\n" /**/
                   LANES_NEXT "add r4, r4, r11\n"
                              "str r4, [sp, #28]\n" LANES_LEAVE("36"));
}
