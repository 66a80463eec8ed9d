#include "stream_stem.h"

/* SMLAD adds the products of two terms. Twice a half has its sign, which SEL goes by.
 *
 *   r0 r1 r2      patch, weights, constants; r1 the row of taps while the patch is cut
 *   r3-r6         weights of four channels, bases
 *   r7-r10        their sums, which begin with what rounds them
 *   r11 r12 lr    words of the patch, factors, slope and 4096
 *   stack         argument, values, end of the patch, end of the values */
#define WORDS(word)                                                                                    \
    "ldm r1!, {r3-r6}\n"                                                                               \
    "smlad r7, r3, " word ", r7\n"                                                                     \
    "smlad r8, r4, " word ", r8\n"                                                                     \
    "smlad r9, r5, " word ", r9\n"                                                                     \
    "smlad r10, r6, " word ", r10\n"
#define SIX "ldm r0!, {r11, r12, lr}\n" WORDS("r11") WORDS("r12") WORDS("lr")
#define EACH(make) make("r7") make("r8") make("r9") make("r10")
#define ROUND(sum)                                                                                     \
    "asr " sum ", " sum ", r11\n"                                                                      \
    "ssat " sum ", #16, " sum "\n"
#define BEND(pair)                                                                                     \
    "smlabb r3, " pair ", r12, lr\n"                                                                   \
    "smlatb r4, " pair ", r12, lr\n"                                                                   \
    "lsl r4, r4, #3\n"                                                                                 \
    "pkhtb r3, r4, r3, asr #13\n"                                                                      \
    "sadd16 r4, " pair ", " pair "\n"                                                                  \
    "sel " pair ", " pair ", r3\n"

__attribute__((naked)) void sbnn_stem_token(__attribute__((unused)) const stream_stem *stem,
                                            __attribute__((unused)) const stem_term *x,
                                            __attribute__((unused)) int16_t *y) {
    __asm volatile("push {r4-r11, lr}\n"
                   "ldr r3, [r0, #12]\n"
                   "ldr r4, [r0]\n"
                   "add r3, r4, r3, lsl #1\n"
                   "ldr r5, [r0, #28]\n"
                   "add r5, r2, r5, lsl #1\n"
                   "push {r0, r2, r3, r5}\n"
                   "ldrd r6, r7, [r0, #32]\n"
                   "1:\n"
                   "mov r2, r1\n"
                   "mov r5, r7\n"
                   "2:\n"
                   "ldr r8, [r2], #4\n"
                   "sxtb16 r9, r8\n"
                   "sxtb16 r10, r8, ror #8\n"
                   "strd r9, r10, [r4], #8\n"
                   "subs r5, r5, #1\n"
                   "bne 2b\n"
                   "add r1, r1, r6\n"
                   "cmp r4, r3\n"
                   "bne 1b\n"
                   "ldrd r1, r2, [r0, #4]\n"
                   "3:\n"
                   "ldr r11, [sp]\n"
                   "ldr r0, [r11]\n"
                   "ldr r7, [r11, #40]\n"
                   "mov r8, r7\n"
                   "mov r9, r7\n"
                   "mov r10, r7\n"
                   "4:\n" SIX SIX "ldr r11, [sp, #8]\n"
                   "cmp r0, r11\n"
                   "bne 4b\n"
                   "ldr r0, [sp]\n"
                   "ldr r11, [r0, #16]\n" EACH(ROUND) "ldm r2!, {r3-r6, r12, lr}\n"
                                                      "smlabb r7, r7, r12, r3\n"
                                                      "smlabt r8, r8, r12, r4\n"
                                                      "smlabb r9, r9, lr, r5\n"
                                                      "smlabt r10, r10, lr, r6\n"
                                                      "ldrd r11, r12, [r0, #20]\n" EACH(
                                                          ROUND) "pkhbt r7, r7, r8, lsl #16\n"
                                                                 "pkhbt r9, r9, r10, lsl #16\n"
                                                                 "mov lr, #4096\n" BEND("r7")
                                                                     BEND("r9") "ldr r11, [sp, #4]\n"
                                                                                "ldr r12, [sp, #12]\n"
                                                                                "stm r11!, {r7, r9}\n"
                                                                                "str r11, [sp, #4]\n"
                                                                                "cmp r11, r12\n"
                                                                                "bne 3b\n"
                                                                                "add sp, sp, #16\n"
                                                                                "pop {r4-r11, pc}\n");
}
