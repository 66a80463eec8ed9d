#include "linear_signs.h"

/* The bit is the sign of threshold - x, so neither a comparison of floats nor its flags are needed. The
 * FPU rounds towards minus infinity here: then x - x is -0, also for a threshold of -0 and both zeros;
 * another difference has its right sign in every mode, because subnormal numbers are not flushed. With
 * default NaNs the sign is 0 where one of the two is not a number. */
#define MODES "0x02800000" /* FPSCR: DN, and RMode 0b10 */

#define LESS(x, threshold) "vsub.f32 s" x ", s" threshold ", s" x "\n"

/* The bits of channels 2 i, 2 i + 1 in d, and of those 8 further in e: each two enter lr at the tops of
 * its halfwords and shift the earlier ones down. */
#define FOUR(d, e)                                                                                     \
    "vmov r4, r5, d" d "\n"                                                                            \
    "vmov r6, r7, d" e "\n"                                                                            \
    "pkhtb r4, r6, r4, asr #16\n"                                                                      \
    "pkhtb r5, r7, r5, asr #16\n"                                                                      \
    "and r4, r4, #0x80008000\n"                                                                        \
    "and r5, r5, #0x80008000\n"                                                                        \
    "orr lr, r4, lr, lsr #1\n"                                                                         \
    "orr lr, r5, lr, lsr #1\n"

#define SIXTEEN                                                                                        \
    "vldmia r2!, {s0-s15}\n"                                                                           \
    "vldmia r8!, {s16-s31}\n" /**/                                                                     \
        LESS("0", "16") LESS("1", "17") LESS("2", "18") LESS("3", "19") LESS("4", "20")                \
            LESS("5", "21") LESS("6", "22") LESS("7", "23") LESS("8", "24") LESS("9", "25")            \
                LESS("10", "26") LESS("11", "27") LESS("12", "28") LESS("13", "29") LESS("14", "30")   \
                    LESS("15", "31") FOUR("0", "4") FOUR("1", "5") FOUR("2", "6") FOUR("3", "7")

/*   r0      rows left
 *   r1      words of a row
 *   r2      address of x
 *   r3      the thresholds
 *   r8      address of the thresholds
 *   r9      words left
 *   r10     address of y
 *   r11     FPSCR of the caller
 *   lr      the word */
__attribute__((naked)) void sbnn_pack_signs(__attribute__((unused)) uint32_t m,
                                            __attribute__((unused)) uint32_t k,
                                            __attribute__((unused)) const float *x,
                                            __attribute__((unused)) const float *threshold,
                                            __attribute__((unused)) uint32_t *y) {
    __asm volatile("push {r4-r11, lr}\n"
                   "ldr r10, [sp, #36]\n" /* the fifth argument: above 9 saved registers */
                   "vpush {s16-s31}\n"
                   "vmrs r11, fpscr\n"
                   "orr r4, r11, #" MODES "\n"
                   "vmsr fpscr, r4\n"
                   "lsr r1, r1, #5\n"
                   "1:\n"
                   "mov r8, r3\n"
                   "mov r9, r1\n"
                   "2:\n"
                   "mov lr, #0\n" /**/
                   SIXTEEN SIXTEEN
                   /* Channels 8 to 15 have byte 2, channels 16 to 23 byte 1. */
                   "eor r4, lr, lr, lsr #8\n"
                   "and r4, r4, #0xFF00\n"
                   "eor lr, lr, r4\n"
                   "eor lr, lr, r4, lsl #8\n"
                   "str lr, [r10], #4\n"
                   "subs r9, r9, #1\n"
                   "bne.w 2b\n"
                   "subs r0, r0, #1\n"
                   "bne.w 1b\n"
                   "vmsr fpscr, r11\n"
                   "vpop {s16-s31}\n"
                   "pop {r4-r11, pc}\n");
}
