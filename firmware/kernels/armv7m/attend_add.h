/* Look-ups of 16 rows, for the four functions that do them.
 *
 * Per row of w: extract each field of its word, load the two-word entry, and add the entries of up to
 * three fields, whose nibbles then are at most 15 (attend.h). All such sums are added as plain 32-bit
 * numbers, and their high nibbles apart: these are the odd counts, and the even ones are the plain sum
 * less 16 times the odd counts (lookup.h).
 *
 *   r0         768 bytes after the tables, from where an ldrd reaches the start of each of them
 *   r1         address of the word
 *   r4-r7      entries
 *   r8 r9      plain sum and odd counts of rows 0 to 7
 *   r10 r11    the same of rows 8 to 15
 *   r12        address of the counts
 *   lr         the word */
#ifndef SBNN_KERNELS_ATTEND_ADD_H
#define SBNN_KERNELS_ATTEND_ADD_H

/* Load the entry of the word's bits `first` to `first` + `width` - 1 into (low, high). The address is
 * in `at`, which may be one of them. */
#define ATTEND_INDEX(at, first, width) "ubfx " at ", lr, #" first ", #" width "\n"
#define ATTEND_PLACE(at, base) "add " at ", " base ", " at ", lsl #3\n"
#define ATTEND_LOAD(low, high, at, offset) "ldrd " low ", " high ", [" at ", #" offset "]\n"

/* Two entries into (low, high) and r6, r7, whose instructions alternate, and their sum. */
#define ATTEND_TWO(low, high, base, first_0, width_0, offset_0, first_1, width_1, offset_1)            \
    ATTEND_INDEX("r4", first_0, width_0)                                                               \
    ATTEND_INDEX("r6", first_1, width_1)                                                               \
    ATTEND_PLACE("r4", base)                                                                           \
    ATTEND_PLACE("r6", base)                                                                           \
    ATTEND_LOAD(low, high, "r4", offset_0)                                                             \
    ATTEND_LOAD("r6", "r7", "r6", offset_1)                                                            \
    "add " low ", " low ", r6\n"                                                                       \
    "add " high ", " high ", r7\n"

/* A third entry to the sum. */
#define ATTEND_THIRD(low, high, base, first, width, offset)                                            \
    ATTEND_INDEX("r6", first, width)                                                                   \
    ATTEND_PLACE("r6", base)                                                                           \
    ATTEND_LOAD("r6", "r7", "r6", offset)                                                              \
    "add " low ", " low ", r6\n"                                                                       \
    "add " high ", " high ", r7\n"

/* A single entry into r4, r5. */
#define ATTEND_SINGLE(base, first, width, offset)                                                      \
    ATTEND_INDEX("r4", first, width) ATTEND_PLACE("r4", base) ATTEND_LOAD("r4", "r5", "r4", offset)

/* Add the sum in r4, r5 to the plain sums and the odd counts. */
#define ATTEND_SUM                                                                                     \
    "add r8, r8, r4\n"                                                                                 \
    "and r4, r4, #0xF0F0F0F0\n"                                                                        \
    "add r10, r10, r5\n"                                                                               \
    "and r5, r5, #0xF0F0F0F0\n"                                                                        \
    "add r9, r9, r4, lsr #4\n"                                                                         \
    "add r11, r11, r5, lsr #4\n"

/* The first sum is in r8, r10: start the odd counts with it. */
#define ATTEND_ODD                                                                                     \
    "and r9, r8, #0xF0F0F0F0\n"                                                                        \
    "and r11, r10, #0xF0F0F0F0\n"                                                                      \
    "lsr r9, r9, #4\n"                                                                                 \
    "lsr r11, r11, #4\n"

/* Plain sums become even counts; the other way round before more words are added. */
#define ATTEND_SETTLE                                                                                  \
    "sub r8, r8, r9, lsl #4\n"                                                                         \
    "sub r10, r10, r11, lsl #4\n"
#define ATTEND_UNSETTLE                                                                                \
    "add r8, r8, r9, lsl #4\n"                                                                         \
    "add r10, r10, r11, lsl #4\n"

/* The fields of one word, whose tables are at `base`: the first 15 bits, then the others. */
#define ATTEND_FIVES(low, high, base)                                                                  \
    ATTEND_TWO(low, high, base, "0", "5", "-768", "5", "5", "-512")                                    \
    ATTEND_THIRD(low, high, base, "10", "5", "-256")
#define ATTEND_REST(base)                                                                              \
    ATTEND_TWO("r4", "r5", base, "15", "5", "0", "20", "6", "256")                                     \
    ATTEND_SUM ATTEND_SINGLE(base, "26", "6", "768") ATTEND_SUM

/* The counts of the row are written; go to the next, which is r2 bytes further, while r12 is not r3. */
#define ATTEND_NEXT                                                                                    \
    "stm r12!, {r8-r11}\n"                                                                             \
    "add r1, r1, r2\n"                                                                                 \
    "cmp r12, r3\n"                                                                                    \
    "bne 1b\n"                                                                                         \
    "pop {r4-r11, pc}\n"

/* Entry of the functions with a stride: the counts are the fifth argument, above 9 saved registers. */
#define ATTEND_ENTER                                                                                   \
    "push {r4-r11, lr}\n"                                                                              \
    "ldr r12, [sp, #36]\n"                                                                             \
    "lsl r2, r2, #2\n"                                                                                 \
    "add r3, r12, r3, lsl #4\n"                                                                        \
    "add r0, r0, #768\n"

#endif
