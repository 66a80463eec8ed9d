/* Channels of a block on Armv6-M, and their rows from the last one down.
 *
 *   r0        shift
 *   r1        address of the counts, as bytes or halfwords
 *   r2 r3     addresses of the residual and the value of the even row of a pair; for bits r3 has the
 *             signs, which enter at bit 0
 *   r4 r5     base, factor
 *   r6 r7     value, other numbers
 *   r8-r10    addresses of the next bases, factors and slopes
 *   r11       end of the counts
 *   r12 lr    bytes to the residual and the value of the pair below; for bits lr has those to the next
 *             row's residual
 *   stack     the first fields of stream_run, to last_row */
#ifndef SBNN_KERNELS_STREAM_RUN_H
#define SBNN_KERNELS_STREAM_RUN_H

#include "lookup_saved.h"
#include "stream.h"

/* What the functions go through, channel by channel. A row's residual or value is `step` bytes before
 * the next row's, and `down` bytes after that of the row after the next. */
typedef struct {
    uint32_t step_added;
    uint32_t step_y;      /* values only, as are slope, half and slope_step */
    int32_t slope;        /* of the channel */
    int32_t half;         /* STREAM_SLOPE_HALF */
    const int16_t *added; /* the residual of the last row with an even number */
    void *y;              /* int16_t: the value of that row; uint8_t: the signs of a channel */
    uint32_t next_added;  /* bytes from channel to channel */
    uint32_t slope_step;
    uint32_t last_row; /* where its code is */
    uint32_t *counts;
    const int32_t *base;
    const int16_t *factor;
    const int16_t *slopes;
    const uint32_t *counts_end;
    int32_t down_added;
    int32_t down_y; /* for bits, step_added */
    uint32_t shift;
    uint32_t rows; /* 1 to 8 */
} stream_run;

/* Make the values of some channels, or their signs: of each channel a byte, with row t in bit t. The
 * counts are bytes or halfwords, and are overwritten. */
void sbnn_stream_run_values(const stream_run *run);
void sbnn_stream_run_values_wide(const stream_run *run);
void sbnn_stream_run_bits(const stream_run *run);
void sbnn_stream_run_bits_wide(const stream_run *run);

/* Load the fields. The table has the distances to the code of a last row, from where they are added. */
#define STREAM_ENTER                                                                                   \
    LOOKUP_SAVE                                                                                        \
    "sub sp, #36\n"                                                                                    \
    "mov r1, sp\n"                                                                                     \
    "ldm r0!, {r2-r5}\n"                                                                               \
    "stm r1!, {r2-r5}\n"                                                                               \
    "ldm r0!, {r2-r5}\n"                                                                               \
    "stm r1!, {r2-r5}\n"                                                                               \
    "ldm r0!, {r1-r5}\n"                                                                               \
    "mov r1, r2\n"                                                                                     \
    "mov r8, r3\n"                                                                                     \
    "mov r9, r4\n"                                                                                     \
    "mov r10, r5\n"                                                                                    \
    "ldm r0!, {r3-r7}\n"                                                                               \
    "mov r11, r3\n"                                                                                    \
    "mov r12, r4\n"                                                                                    \
    "mov lr, r5\n"                                                                                     \
    "mov r0, r6\n"                                                                                     \
    "lsls r7, r7, #1\n"                                                                                \
    "adr r6, 10f\n"                                                                                    \
    "ldrsh r6, [r6, r7]\n"                                                                             \
    "str r6, [sp, #32]\n"                                                                              \
    "b 1f\n"                                                                                           \
    ".align 2\n"                                                                                       \
    "10:\n"                                                                                            \
    ".short 0, 11f - 9f - 2, 12f - 9f - 2, 13f - 9f - 2, 14f - 9f - 2\n"                               \
    ".short 15f - 9f - 2, 16f - 9f - 2, 17f - 9f - 2, 18f - 9f - 2\n"                                  \
    ".align 2\n"                                                                                       \
    "1:\n"

/* Make bytes of a pair of sums: the counts of even rows are the first sum minus 16 times the second. */
#define STREAM_BYTES                                                                                   \
    "ldr r4, [r1]\n"                                                                                   \
    "ldr r5, [r1, #4]\n"                                                                               \
    "lsls r5, r5, #4\n"                                                                                \
    "subs r4, r4, r5\n"                                                                                \
    "str r4, [r1]\n"

/* Take the channel's factor and base. r6 is 0 in between. */
#define STREAM_FACTOR                                                                                  \
    "mov r7, r9\n"                                                                                     \
    "movs r6, #0\n"                                                                                    \
    "ldrsh r5, [r7, r6]\n"                                                                             \
    "adds r7, #2\n"                                                                                    \
    "mov r9, r7\n"
#define STREAM_BASE                                                                                    \
    "mov r7, r8\n"                                                                                     \
    "ldm r7!, {r4}\n"                                                                                  \
    "mov r8, r7\n"
#define STREAM_GO                                                                                      \
    "ldr r6, [sp, #32]\n"                                                                              \
    "add pc, r6\n"                                                                                     \
    "9:\n"
/* Go on with the next channel. */
#define STREAM_NEXT                                                                                    \
    "adds r1, #16\n"                                                                                   \
    "cmp r1, r11\n"                                                                                    \
    "beq 8f\n"                                                                                         \
    "b 1b\n"                                                                                           \
    "8:\n"                                                                                             \
    "add sp, #36\n" LOOKUP_RETURN

#define STREAM_CHANNEL_VALUES(prepare)                                                                 \
    prepare "ldr r2, [sp, #16]\n"                                                                      \
            "ldr r3, [sp, #20]\n" STREAM_FACTOR "mov r7, r10\n"                                        \
            "ldrsh r6, [r7, r6]\n"                                                                     \
            "str r6, [sp, #8]\n"                                                                       \
            "ldr r6, [sp, #28]\n"                                                                      \
            "adds r7, r7, r6\n"                                                                        \
            "mov r10, r7\n" STREAM_BASE STREAM_GO
#define STREAM_VALUES_NEXT                                                                             \
    "ldr r2, [sp, #16]\n"                                                                              \
    "ldr r7, [sp, #24]\n"                                                                              \
    "adds r2, r2, r7\n"                                                                                \
    "str r2, [sp, #16]\n"                                                                              \
    "ldr r3, [sp, #20]\n"                                                                              \
    "adds r3, #2\n"                                                                                    \
    "str r3, [sp, #20]\n" STREAM_NEXT
#define STREAM_CHANNEL_BITS(prepare)                                                                   \
    prepare "ldr r2, [sp, #16]\n"                                                                      \
            "ldr r6, [sp, #24]\n"                                                                      \
            "adds r6, r6, r2\n"                                                                        \
            "str r6, [sp, #16]\n" STREAM_FACTOR STREAM_BASE "movs r3, #0\n" STREAM_GO
#define STREAM_BITS_NEXT                                                                               \
    "ldr r7, [sp, #20]\n"                                                                              \
    "strb r3, [r7]\n"                                                                                  \
    "adds r7, #1\n"                                                                                    \
    "str r7, [sp, #20]\n" STREAM_NEXT

#define STREAM_BYTE(at) "ldrb r6, [r1, #" at "]\n"
#define STREAM_HALF(at) "ldrh r6, [r1, #" at "]\n"

/* One row: label 2 is for a negative value, 4 for one of int16, 3 for the end. */
#define STREAM_VALUE(mismatches, skip, store)                                                          \
    mismatches "muls r6, r5, r6\n"                                                                     \
               "subs r6, r4, r6\n"                                                                     \
               "asrs r6, r6, r0\n" skip "ldrsh r7, [r2, r7]\n"                                         \
               "adds r6, r6, r7\n"                                                                     \
               "bmi 2f\n"                                                                              \
               "lsrs r7, r6, #15\n"                                                                    \
               "beq 3f\n" STREAM_MOST "mov r6, r7\n"                                                   \
               "b 3f\n"                                                                                \
               "2:\n"                                                                                  \
               "asrs r7, r6, #15\n"                                                                    \
               "adds r7, #1\n"                                                                         \
               "beq 4f\n" STREAM_MOST "mvns r6, r7\n"                                                  \
               "4:\n"                                                                                  \
               "ldr r7, [sp, #8]\n"                                                                    \
               "muls r6, r7, r6\n"                                                                     \
               "ldr r7, [sp, #12]\n"                                                                   \
               "adds r6, r6, r7\n"                                                                     \
               "asrs r6, r6, #13\n"                                                                    \
               "sxth r7, r6\n"                                                                         \
               "cmp r7, r6\n"                                                                          \
               "beq 3f\n"                                                                              \
               "asrs r6, r6, #31\n" STREAM_MOST "eors r6, r7\n"                                        \
               "3:\n" store
/* 32767, without a literal pool. */
#define STREAM_MOST                                                                                    \
    "movs r7, #1\n"                                                                                    \
    "lsls r7, r7, #15\n"                                                                               \
    "subs r7, #1\n"
#define STREAM_SIGN(mismatches, skip)                                                                  \
    mismatches "muls r6, r5, r6\n"                                                                     \
               "subs r6, r4, r6\n" skip "ldrsh r7, [r2, r7]\n"                                         \
               "lsls r7, r7, r0\n"                                                                     \
               "adds r6, r6, r7\n"                                                                     \
               "adds r6, r6, r6\n"                                                                     \
               "adcs r3, r3\n"

/* A pair of rows: the odd one, then the even one. */
#define STREAM_VALUE_PAIR(odd_label, odd, even_label, even)                                            \
    odd_label ":\n" STREAM_VALUE(odd, "ldr r7, [sp]\n",                                                \
                                 "ldr r7, [sp, #4]\n"                                                  \
                                 "strh r6, [r3, r7]\n") even_label                                     \
        ":\n" STREAM_VALUE(even, "movs r7, #0\n", "strh r6, [r3]\n")
#define STREAM_SIGN_PAIR(odd_label, odd, even_label, even)                                             \
    odd_label ":\n" STREAM_SIGN(odd, "mov r7, lr\n") even_label ":\n" STREAM_SIGN(even, "movs r7, "    \
                                                                                        "#0\n")
#define STREAM_DOWN "add r2, r2, r12\n"
#define STREAM_BOTH_DOWN STREAM_DOWN "add r3, r3, lr\n"

#define STREAM_VALUES(o7, e6, o5, e4, o3, e2, o1, e0)                                                  \
    STREAM_VALUE_PAIR("18", o7, "17", e6)                                                              \
    STREAM_BOTH_DOWN STREAM_VALUE_PAIR("16", o5, "15", e4)                                             \
    STREAM_BOTH_DOWN STREAM_VALUE_PAIR("14", o3, "13", e2)                                             \
    STREAM_BOTH_DOWN STREAM_VALUE_PAIR("12", o1, "11", e0) STREAM_VALUES_NEXT
#define STREAM_BITS(o7, e6, o5, e4, o3, e2, o1, e0)                                                    \
    STREAM_SIGN_PAIR("18", o7, "17", e6)                                                               \
    STREAM_DOWN STREAM_SIGN_PAIR("16", o5, "15", e4)                                                   \
    STREAM_DOWN STREAM_SIGN_PAIR("14", o3, "13", e2)                                                   \
    STREAM_DOWN STREAM_SIGN_PAIR("12", o1, "11", e0) STREAM_BITS_NEXT

#define STREAM_ALL_BYTES                                                                               \
    STREAM_BYTE("7"), STREAM_BYTE("3"), STREAM_BYTE("6"), STREAM_BYTE("2"), STREAM_BYTE("5"),          \
        STREAM_BYTE("1"), STREAM_BYTE("4"), STREAM_BYTE("0")
#define STREAM_ALL_HALVES                                                                              \
    STREAM_HALF("14"), STREAM_HALF("6"), STREAM_HALF("10"), STREAM_HALF("2"), STREAM_HALF("12"),       \
        STREAM_HALF("4"), STREAM_HALF("8"), STREAM_HALF("0")

/* The macros above with lists of arguments that are macros themselves. */
#define STREAM_EACH(make, each) make(each)

#endif
