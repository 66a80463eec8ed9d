/* Pairs of neighbouring channels of a block on a core with the DSP extension. */
#ifndef SBNN_KERNELS_STREAM_TWO_H
#define SBNN_KERNELS_STREAM_TWO_H

#include "stream.h"

#include <string.h>

/* What the functions below go on with, pair by pair. A row's residuals and values are `step` bytes
 * before the next row's. Numbers of 16 bits are loaded for both channels at once. Counts and residuals
 * start again when they reach their ends. */
typedef struct {
    const uint32_t *counts; /* STREAM_COUNTS halfwords for each channel */
    const int16_t *added;   /* the residuals of the last row */
    void *y;                /* int16_t: the values of the last row; uint8_t: the signs of a channel */
    const int32_t *base;
    const int16_t *factor;
    const int16_t *slope; /* for bits, 1 << up */
    uint32_t shift;       /* values only */
    uint32_t step_added;
    uint32_t step_y; /* values only */
    uint32_t rows;   /* 1 to 8 */
    uint32_t pairs;  /* to go; 0 at the end */
    const uint32_t *counts_end;
    const uint32_t *counts_start;
    const int16_t *added_end;
    const int16_t *added_start;
    uint32_t slope_step; /* bytes */
} stream_two;

/* Make the values of pairs of channels, or the signs: of each channel a byte, with row t in bit t. */
void sbnn_stream_two_values(stream_two *channels);
void sbnn_stream_two_bits(stream_two *channels);

/* Load the fields into r0 to r10, of which base, factor and slope become two bases in r3 and r4, two
 * factors in r5, two slopes in r6. The fields, whose address is on the stack, move on by a pair. */
#define STREAM_TWO_NEXT                                                                                \
    "1:\n"                                                                                             \
    "ldr r12, [sp]\n"                                                                                  \
    "ldm r12, {r0-r3, r5-r10}\n"                                                                       \
    "add r11, r3, #8\n"                                                                                \
    "str r11, [r12, #12]\n"                                                                            \
    "add r11, r5, #4\n"                                                                                \
    "str r11, [r12, #16]\n"                                                                            \
    "ldr r11, [r12, #60]\n"                                                                            \
    "add r11, r11, r6\n"                                                                               \
    "str r11, [r12, #20]\n"                                                                            \
    "add r11, r0, #32\n"                                                                               \
    "ldrd r4, lr, [r12, #44]\n"                                                                        \
    "cmp r11, r4\n"                                                                                    \
    "it eq\n"                                                                                          \
    "moveq r11, lr\n"                                                                                  \
    "str r11, [r12]\n"                                                                                 \
    "add r11, r1, #4\n"                                                                                \
    "ldrd r4, lr, [r12, #52]\n"                                                                        \
    "cmp r11, r4\n"                                                                                    \
    "it eq\n"                                                                                          \
    "moveq r11, lr\n"                                                                                  \
    "str r11, [r12, #4]\n"                                                                             \
    "ldrd r3, r4, [r3]\n"                                                                              \
    "ldr r5, [r5]\n"                                                                                   \
    "ldr r6, [r6]\n"
#define STREAM_TWO_REPEAT                                                                              \
    "ldr r12, [sp]\n"                                                                                  \
    "ldr r0, [r12, #40]\n"                                                                             \
    "subs r0, r0, #1\n"                                                                                \
    "str r0, [r12, #40]\n"                                                                             \
    "bne 1b\n"                                                                                         \
    "pop {r0, r4-r11, pc}\n"

/* Go to the code of the last row, whose number is in r10. The table has half the distances to it. */
#define STREAM_TWO_LAST_ROW                                                                            \
    "tbh [pc, r10, lsl #1]\n"                                                                          \
    "10:\n"                                                                                            \
    ".short 0, (11f - 10b) / 2, (12f - 10b) / 2, (13f - 10b) / 2, (14f - 10b) / 2\n"                   \
    ".short (15f - 10b) / 2, (16f - 10b) / 2, (17f - 10b) / 2, (18f - 10b) / 2\n"

#endif
