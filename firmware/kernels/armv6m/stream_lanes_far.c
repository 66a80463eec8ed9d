#include "stream_lanes_count.h"

/* A value: most that are not negative fit a halfword, and the product of a negative one with the slope
 * does after its shift. Label 7 is for a value that is complete, 8 for one of int16 that is negative.
 */
#define VALUE(value, spare)                                                                            \
    "lsrs " spare ", " value ", #15\n"                                                                 \
    "beq 7f\n"                                                                                         \
    "asrs " spare ", " value ", #15\n"                                                                 \
    "adds " spare ", #1\n"                                                                             \
    "beq 8f\n"                                                                                         \
    "asrs " value ", " value ", #31\n"                                                                 \
    "lsls " spare ", " value ", #15\n"                                                                 \
    "mvns " value ", " value "\n"                                                                      \
    "lsrs " value ", " value ", #17\n"                                                                 \
    "orrs " value ", " spare "\n"                                                                      \
    "bpl 7f\n"                                                                                         \
    "8:\n"                                                                                             \
    "mov " spare ", r10\n"                                                                             \
    "muls " value ", " spare ", " value "\n"                                                           \
    "add " value ", " value ", r11\n"                                                                  \
    "asrs " value ", " value ", #13\n"                                                                 \
    "7:\n"
#define PAIR(at)                                                                                       \
    LANES_PRODUCTS(at)                                                                                 \
    "asrs r4, r0\n"                                                                                    \
    "asrs r7, r0\n"                                                                                    \
    "adds r4, r4, r5\n"                                                                                \
    "adds r7, r7, r6\n" VALUE("r4", "r5") VALUE("r7", "r5") "strh r4, [r3]\n"                          \
                                                            "strh r7, [r3, #2]\n"                      \
                                                            "adds r3, #4\n"

__attribute__((naked)) void sbnn_lanes_far(__attribute__((unused)) const lanes_values *values) {
    __asm volatile(LANES_ENTER "ldr r0, [r4, #16]\n"
                               "ldr r5, [r4, #20]\n"
                               "mov r10, r5\n"
                               "movs r5, #1\n"
                               "lsls r5, r5, #12\n"
                               "mov r11, r5\n"                                                 /**/
                   LANES_TOKEN LANES_COUNT PAIR("0") PAIR("4") PAIR("8") PAIR("12") LANES_WORD /**/
                   LANES_NEXT "adds r3, r3, r5\n"
                              "subs r3, #64\n" LANES_LEAVE);
}
