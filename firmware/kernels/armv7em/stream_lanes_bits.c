#include "stream_lanes_values.h"

/* A sign enters at the lowest bit, so that the first channel's is the top one in the end. r3 has the
 * signs, r9 the factor of the residual, lr that of a second pair. The address of the bits is on the
 * stack too. */
#define PAIR(counts, load, residual)                                                                   \
    LANES_PRODUCTS(counts)                                                                             \
    load "smlabb r10, " residual ", r9, r10\n"                                                         \
         "smlatb r11, " residual ", r9, r11\n"                                                         \
         "adds r10, r10, r10\n"                                                                        \
         "adcs r3, r3, r3\n"                                                                           \
         "adds r11, r11, r11\n"                                                                        \
         "adcs r3, r3, r3\n"
#define FOUR(first, second) PAIR(first, "ldrd r12, lr, [r2], #8\n", "r12") PAIR(second, "", "lr")

__attribute__((naked)) void sbnn_lanes_bits(__attribute__((unused)) const lanes_values *values) {
    __asm volatile(LANES_ENTER("0") "str r3, [sp, #24]\n" /**/
                   LANES_TOKEN LANES_COUNT "4:\n"         /**/
                   FOUR("r4", "r5") FOUR("r6", "r7")      /**/
                   LANES_WORD "rbit r3, r3\n"
                              "mvn r3, r3\n"
                              "ldr r4, [sp, #24]\n"
                              "str r3, [r4]\n" /**/
                   LANES_NEXT "add r4, r4, r11\n"
                              "str r4, [sp, #24]\n" LANES_LEAVE("28"));
}
