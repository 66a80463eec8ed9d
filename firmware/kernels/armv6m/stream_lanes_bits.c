#include "stream_lanes_count.h"

/* A sign enters at the lowest bit, so that the first channel's is the top one in the end. r10 is the
 * address of the bits. */
#define PAIR(at)                                                                                       \
    LANES_PRODUCTS(at)                                                                                 \
    "muls r5, r0, r5\n"                                                                                \
    "muls r6, r0, r6\n"                                                                                \
    "adds r4, r4, r5\n"                                                                                \
    "adds r7, r7, r6\n"                                                                                \
    "adds r4, r4, r4\n"                                                                                \
    "adcs r3, r3\n"                                                                                    \
    "adds r7, r7, r7\n"                                                                                \
    "adcs r3, r3\n"
/* Exchange neighbouring bits, pairs or nibbles. */
#define EXCHANGE(mask, bits)                                                                           \
    "ldr r4, =" mask "\n"                                                                              \
    "lsrs r5, r3, #" bits "\n"                                                                         \
    "ands r5, r4\n"                                                                                    \
    "ands r3, r4\n"                                                                                    \
    "lsls r3, r3, #" bits "\n"                                                                         \
    "orrs r3, r5\n"

__attribute__((naked)) void sbnn_lanes_bits(__attribute__((unused)) const lanes_values *values) {
    __asm volatile(LANES_ENTER "mov r10, r3\n"
                               "ldr r0, [r4, #20]\n"                                           /**/
                   LANES_TOKEN LANES_COUNT PAIR("0") PAIR("4") PAIR("8") PAIR("12") LANES_WORD /**/
                       EXCHANGE("0x55555555", "1") EXCHANGE("0x33333333", "2")
                           EXCHANGE("0x0F0F0F0F", "4") "rev r3, r3\n"
                                                       "mvns r3, r3\n"
                                                       "mov r4, r10\n"
                                                       "str r3, [r4]\n"
                                                       "mov r4, r12\n" LANES_NEXT
                                                       "add r10, r10, r5\n" LANES_LEAVE);
}
