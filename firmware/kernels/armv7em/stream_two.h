/* Pairs of neighbouring channels of a block on a core with the DSP extension. */
#ifndef SBNN_KERNELS_STREAM_TWO_H
#define SBNN_KERNELS_STREAM_TWO_H

#include "stream.h"

#include <string.h>

/* What the functions below go on with, pair by pair, until the counts end. A row's residuals and values
 * are `step` bytes before the next row's; those of the last row with an even number are given. Numbers
 * of 16 bits are loaded for both channels at once. */
typedef struct {
    uint32_t *counts; /* STREAM_COUNTS words for each channel */
    void *y;          /* int16_t: the values of that row; uint8_t: the signs of a channel */
    const int32_t *base;
    const int16_t *factor;
    const int16_t *slope; /* for bits, 1 << up */
    const int16_t *added; /* the residuals of that row */
    uint32_t shift;       /* values only */
    uint32_t step_added;
    uint32_t step_y; /* values only */
    uint32_t rows;   /* 1 to 8 */
    const uint32_t *counts_end;
    uint32_t slope_step; /* bytes */
    uint32_t next_added; /* bytes */
} stream_two;

/* Make the values of pairs of channels, or the signs: of each channel a byte, with row t in bit t. The
 * counts are halfwords, or pairs of sums of bytes, which become bytes. */
typedef void stream_make_two(stream_two *channels);
stream_make_two sbnn_stream_two_values;
stream_make_two sbnn_stream_two_values_bytes;
stream_make_two sbnn_stream_two_bits;
stream_make_two sbnn_stream_two_bits_bytes;

/* Make bytes of the sums of both channels at r0. */
#define STREAM_TWO_BYTES                                                                               \
    "ldrd r3, r4, [r0]\n"                                                                              \
    "sub r3, r3, r4, lsl #4\n"                                                                         \
    "str r3, [r0]\n"                                                                                   \
    "ldrd r3, r4, [r0, #16]\n"                                                                         \
    "sub r3, r3, r4, lsl #4\n"                                                                         \
    "str r3, [r0, #16]\n"
#define STREAM_TWO_HALVES ""

/* Load the fields of a pair, of which those that change move on in memory, by `wide` bytes of y: r0 and
 * r2 are the addresses of the next pair's counts and of its y, r1 that of the residuals, r3 and r4 two
 * bases, r5 and r6 two factors and slopes, and r7 to r10 the fields from `shift` on. */
#define STREAM_TWO_NEXT(prepare, wide)                                                                 \
    "1:\n"                                                                                             \
    "ldr r12, [sp]\n"                                                                                  \
    "ldm r12!, {r0, r2, r8-r11}\n" prepare "mov r1, r11\n"                                             \
    "ldrd r4, lr, [r12, #20]\n"                                                                        \
    "add r11, r11, lr\n"                                                                               \
    "ldr r6, [r10]\n"                                                                                  \
    "add r10, r10, r4\n"                                                                               \
    "ldrd r3, r4, [r8], #8\n"                                                                          \
    "ldr r5, [r9], #4\n"                                                                               \
    "adds r0, #32\n"                                                                                   \
    "adds r2, #" wide "\n"                                                                             \
    "stmdb r12, {r0, r2, r8-r11}\n"                                                                    \
    "ldm r12, {r7-r10}\n"
#define STREAM_TWO_REPEAT                                                                              \
    "ldr r12, [sp]\n"                                                                                  \
    "ldr r12, [r12, #40]\n"                                                                            \
    "cmp r0, r12\n"                                                                                    \
    "bne 1b\n"                                                                                         \
    "pop {r0, r4-r11, pc}\n"

/* Go to the code of the last row, whose number is in r10. The table has half the distances to it. */
#define STREAM_TWO_LAST_ROW                                                                            \
    "tbh [pc, r10, lsl #1]\n"                                                                          \
    "10:\n"                                                                                            \
    ".short 0, (11f - 10b) / 2, (12f - 10b) / 2, (13f - 10b) / 2, (14f - 10b) / 2\n"                   \
    ".short (15f - 10b) / 2, (16f - 10b) / 2, (17f - 10b) / 2, (18f - 10b) / 2\n"

/* The mismatches of a row of both channels, from the address of the next pair on. */
#define STREAM_TWO_HALF(first, second)                                                                 \
    "ldrsh r10, [r0, #" first "]\n"                                                                    \
    "ldrsh r11, [r0, #" second "]\n"
#define STREAM_TWO_BYTE(first, second)                                                                 \
    "ldrb r10, [r0, #" first "]\n"                                                                     \
    "ldrb r11, [r0, #" second "]\n"

/* All rows from the last one down: of two rows the odd one is a step away; `down` comes between twos.
 */
#define STREAM_TWO_ROWS(row, odd_label, odd, even_label, even)                                         \
    odd_label ":\n" row(odd, ", r8", ", r9") even_label ":\n" row(even, "", "")
#define STREAM_TWO_ALL_HALVES(row, down)                                                               \
    STREAM_TWO_ROWS(row, "18", STREAM_TWO_HALF("-18", "-2"), "17", STREAM_TWO_HALF("-26", "-10"))      \
    down STREAM_TWO_ROWS(row, "16", STREAM_TWO_HALF("-22", "-6"), "15", STREAM_TWO_HALF("-30", "-14")) \
        down STREAM_TWO_ROWS(row, "14", STREAM_TWO_HALF("-20", "-4"), "13",                            \
                             STREAM_TWO_HALF("-28", "-12"))                                            \
            down STREAM_TWO_ROWS(row, "12", STREAM_TWO_HALF("-24", "-8"), "11",                        \
                                 STREAM_TWO_HALF("-32", "-16"))
#define STREAM_TWO_ALL_BYTES(row, down)                                                                \
    STREAM_TWO_ROWS(row, "18", STREAM_TWO_BYTE("-25", "-9"), "17", STREAM_TWO_BYTE("-29", "-13"))      \
    down STREAM_TWO_ROWS(row, "16", STREAM_TWO_BYTE("-26", "-10"), "15",                               \
                         STREAM_TWO_BYTE("-30", "-14"))                                                \
        down STREAM_TWO_ROWS(row, "14", STREAM_TWO_BYTE("-27", "-11"), "13",                           \
                             STREAM_TWO_BYTE("-31", "-15"))                                            \
            down STREAM_TWO_ROWS(row, "12", STREAM_TWO_BYTE("-28", "-12"), "11",                       \
                                 STREAM_TWO_BYTE("-32", "-16"))

/* One row of values. Twice a half has its sign, which SEL goes by: halves of h that are negative are
 * replaced. lr is 4096, and r10 to r12 are a row. */
#define STREAM_TWO_VALUE(mismatches, skip, over)                                                       \
    mismatches "ldr r12, [r1" skip "]\n"                                                               \
               "smlabb r10, r10, r5, r3\n"                                                             \
               "smlabt r11, r11, r5, r4\n"                                                             \
               "asr r10, r10, r7\n"                                                                    \
               "asr r11, r11, r7\n"                                                                    \
               "sxtah r10, r10, r12\n"                                                                 \
               "add r11, r11, r12, asr #16\n"                                                          \
               "ssat r10, #16, r10\n"                                                                  \
               "ssat r11, #16, r11\n"                                                                  \
               "pkhbt r10, r10, r11, lsl #16\n"                                                        \
               "smlabb r11, r10, r6, lr\n"                                                             \
               "smlatt r12, r10, r6, lr\n"                                                             \
               "ssat r11, #16, r11, asr #13\n"                                                         \
               "ssat r12, #16, r12, asr #13\n"                                                         \
               "pkhbt r11, r11, r12, lsl #16\n"                                                        \
               "sadd16 r12, r10, r10\n"                                                                \
               "sel r10, r10, r11\n"                                                                   \
               "str r10, [r2" over "]\n"
#define STREAM_TWO_DOWN_VALUES                                                                         \
    "sub r1, r1, r8, lsl #1\n"                                                                         \
    "sub r2, r2, r9, lsl #1\n"
#define STREAM_TWO_VALUES(prepare, all)                                                                \
    "push {r0, r4-r11, lr}\n" STREAM_TWO_NEXT(prepare,                                                 \
                                              "4") "subs r2, #4\nmov lr, #4096\n" STREAM_TWO_LAST_ROW  \
    all(STREAM_TWO_VALUE, STREAM_TWO_DOWN_VALUES) STREAM_TWO_REPEAT

/* One row of signs, each of which enters at the lowest bit of r2 or r7. */
#define STREAM_TWO_SIGN(mismatches, skip, over)                                                        \
    mismatches "ldr r12, [r1" skip "]\n"                                                               \
               "smlabb r10, r10, r5, r3\n"                                                             \
               "smlabt r11, r11, r5, r4\n"                                                             \
               "smlabb r10, r12, r6, r10\n"                                                            \
               "smlatb r11, r12, r6, r11\n"                                                            \
               "adds r10, r10, r10\n"                                                                  \
               "adcs r2, r2, r2\n"                                                                     \
               "adds r11, r11, r11\n"                                                                  \
               "adcs r7, r7, r7\n"
#define STREAM_TWO_DOWN_BITS "sub r1, r1, r8, lsl #1\n"
#define STREAM_TWO_BITS(prepare, all)                                                                  \
    "push {r0, r4-r11, lr}\n" STREAM_TWO_NEXT(                                                         \
        prepare, "2") "movs r2, #0\n"                                                                  \
                      "movs r7, #0\n" STREAM_TWO_LAST_ROW                                              \
                      all(STREAM_TWO_SIGN, STREAM_TWO_DOWN_BITS) "ldr r12, [sp]\n"                     \
                                                                 "ldr r1, [r12, #4]\n"                 \
                                                                 "ldr r12, [r12, #40]\n"               \
                                                                 "strb r2, [r1, #-2]\n"                \
                                                                 "strb r7, [r1, #-1]\n"                \
                                                                 "cmp r0, r12\n"                       \
                                                                 "bne 1b\n"                            \
                                                                 "pop {r0, r4-r11, pc}\n"

#endif
