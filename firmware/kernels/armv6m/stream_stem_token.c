#include "lookup_saved.h"
#include "stream_stem.h"

/* A product with a word of weights has two products of bytes in its halves, see stream_sums.c. All sums
 * of a group of four channels become values before the next group.
 *
 *   r0 r1     patch, weights; r0 has the constants, and r7 the values, while values are made
 *   r2 r3     two terms; the shifts
 *   r4-r7     weights of two terms, products; numbers of a value
 *   r8-r11    sums of the channels
 *   r12 lr    32768, end of the patch
 *   stack     patch (sp), values (4), constants (8), groups to go (12), what the sums of odd and even
 *             channels begin with (16, 20), pre and shift (24, 28), slope and 4096 (32, 36), bytes from
 *             a row of taps to the next (40) */
#define TWO                                                                                            \
    "ldm r0!, {r2, r3}\n"                                                                              \
    "ldm r1!, {r4-r7}\n"                                                                               \
    "muls r4, r2, r4\n"                                                                                \
    "muls r5, r2, r5\n"                                                                                \
    "muls r6, r3, r6\n"                                                                                \
    "muls r7, r3, r7\n"                                                                                \
    "adds r4, r4, r6\n"                                                                                \
    "adds r5, r5, r7\n"                                                                                \
    "add r4, r4, r12\n"                                                                                \
    "add r5, r5, r12\n"                                                                                \
    "add r8, r8, r4\n"                                                                                 \
    "asrs r4, r4, #16\n"                                                                               \
    "add r9, r9, r4\n"                                                                                 \
    "add r10, r10, r5\n"                                                                               \
    "asrs r5, r5, #16\n"                                                                               \
    "add r11, r11, r5\n"
#define ODD(sum) "mov r4, " sum "\n"
#define EVEN(sum, odd)                                                                                 \
    "mov r4, " odd "\n"                                                                                \
    "lsls r5, r4, #16\n"                                                                               \
    "mov r4, " sum "\n"                                                                                \
    "subs r4, r4, r5\n"
/* Most values that are not negative fit a halfword, and the product of a negative one with the slope
 * does after its shift. Label 7 is for a value that is complete, 8 for one of int16 that is negative.
 */
#define VALUE(sum, at)                                                                                 \
    sum "asrs r4, r2\n"                                                                                \
        "ldm r0!, {r5, r6}\n"                                                                          \
        "muls r4, r6, r4\n"                                                                            \
        "adds r4, r4, r5\n"                                                                            \
        "asrs r4, r3\n"                                                                                \
        "lsrs r5, r4, #15\n"                                                                           \
        "beq 7f\n"                                                                                     \
        "asrs r5, r4, #15\n"                                                                           \
        "adds r5, #1\n"                                                                                \
        "beq 8f\n"                                                                                     \
        "asrs r4, r4, #31\n"                                                                           \
        "lsls r5, r4, #15\n"                                                                           \
        "mvns r4, r4\n"                                                                                \
        "lsrs r4, r4, #17\n"                                                                           \
        "orrs r4, r5\n"                                                                                \
        "bpl 7f\n"                                                                                     \
        "8:\n"                                                                                         \
        "ldr r5, [sp, #32]\n"                                                                          \
        "muls r4, r5, r4\n"                                                                            \
        "ldr r5, [sp, #36]\n"                                                                          \
        "adds r4, r4, r5\n"                                                                            \
        "asrs r4, r4, #13\n"                                                                           \
        "7:\n"                                                                                         \
        "strh r4, [r7, #" at "]\n"

__attribute__((naked)) void sbnn_stem_token(__attribute__((unused)) const stream_stem *stem,
                                            __attribute__((unused)) const stem_term *x,
                                            __attribute__((unused)) int16_t *y) {
    __asm volatile(LOOKUP_SAVE "sub sp, #44\n"
                               "ldr r3, [r0, #8]\n"
                               "str r1, [sp]\n"
                               "str r2, [sp, #4]\n"
                               "str r3, [sp, #8]\n"
                               "ldr r3, [r0, #28]\n"
                               "lsrs r3, r3, #2\n"
                               "str r3, [sp, #12]\n"
                               "ldr r4, [r0, #12]\n"
                               "ldr r2, [r0, #32]\n"
                               "lsls r2, r2, #2\n"
                               "movs r3, r2\n"
                               "subs r3, #48\n"
                               "str r3, [sp, #40]\n"
                               "movs r3, r4\n"
                               "4:\n" /* the rows of taps */
                               "adds r1, r1, r2\n"
                               "subs r3, #12\n"
                               "bne 4b\n"
                               "mov lr, r1\n"
                               "ldr r3, [r0, #40]\n"
                               "str r3, [sp, #16]\n"
                               "lsls r4, r4, #14\n"
                               "subs r4, r3, r4\n"
                               "lsls r3, r3, #16\n"
                               "adds r4, r4, r3\n"
                               "str r4, [sp, #20]\n"
                               "ldr r1, [r0, #4]\n"
                               "ldr r2, [r0, #16]\n"
                               "ldr r3, [r0, #20]\n"
                               "ldr r4, [r0, #24]\n"
                               "str r2, [sp, #24]\n"
                               "str r3, [sp, #28]\n"
                               "str r4, [sp, #32]\n"
                               "movs r4, #1\n"
                               "lsls r5, r4, #12\n"
                               "str r5, [sp, #36]\n"
                               "lsls r4, r4, #15\n"
                               "mov r12, r4\n"
                               "1:\n"
                               "ldr r0, [sp]\n"
                               "ldr r4, [sp, #20]\n"
                               "mov r8, r4\n"
                               "mov r10, r4\n"
                               "ldr r4, [sp, #16]\n"
                               "mov r9, r4\n"
                               "mov r11, r4\n"
                               "2:\n" TWO TWO TWO TWO TWO TWO "ldr r4, [sp, #40]\n"
                               "adds r0, r0, r4\n"
                               "cmp r0, lr\n"
                               "bne 2b\n"
                               "ldr r2, [sp, #24]\n"
                               "ldr r3, [sp, #28]\n"
                               "ldr r0, [sp, #8]\n"
                               "ldr r7, [sp, #4]\n"                                           /**/
                   VALUE(EVEN("r8", "r9"), "0") VALUE(ODD("r9"), "2")                         /**/
                   VALUE(EVEN("r10", "r11"), "4") VALUE(ODD("r11"), "6") "str r0, [sp, #8]\n" /**/
                                                                         "adds r7, #8\n"
                                                                         "str r7, [sp, #4]\n"
                                                                         "ldr r4, [sp, #12]\n"
                                                                         "subs r4, #1\n"
                                                                         "str r4, [sp, #12]\n"
                                                                         "beq 3f\n"
                                                                         "b 1b\n"
                                                                         "3:\n"
                                                                         "add sp, #44\n" LOOKUP_RETURN);
}
