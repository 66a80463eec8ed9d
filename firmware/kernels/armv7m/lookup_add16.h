/* Look-ups of 16 rows, for the functions that do them.
 *
 * Per output: extract each field of the weight word, load its two-word entry, add the entries two by
 * two, and add their sum and its high nibbles to the two pairs of sums.
 *
 *   r0 r2 r3   bases 0, 1 and 2, from which the tables are addressed
 *   r1         address of the weights
 *   lr         the weight word
 *   r4-r7      entries
 *   r8 r9      sums of rows 0 to 7
 *   r10 r11    sums of rows 8 to 15; see LOOKUP_SUM
 *   r12        address of the sums in memory
 *
 * There are not enough registers for ten addresses. An ldrd reaches -1020 to 1020 bytes, so three
 * bases reach the start of all tables: base 0 is 768 bytes after the first word's tables, base 1 is
 * 3328 and base 2 is 5376 bytes after. */
#ifndef SBNN_KERNELS_LOOKUP_ADD16_H
#define SBNN_KERNELS_LOOKUP_ADD16_H

/* Load the entry of the weights' bits `first` to `first` + `width` - 1 into the registers (low,
 * high). */
#define LOOKUP_INDEX(low, first, width) "ubfx " low ", lr, #" first ", #" width "\n"
#define LOOKUP_PLACE(low, base) "add " low ", " base ", " low ", lsl #3\n"
#define LOOKUP_LOAD(low, high, offset) "ldrd " low ", " high ", [" low ", #" offset "]\n"
#define LOOKUP_ENTRY(low, high, first, width, base, offset)                                            \
    LOOKUP_INDEX(low, first, width) LOOKUP_PLACE(low, base) LOOKUP_LOAD(low, high, offset)

/* Two entries at once. Their instructions alternate, so that none waits for the result of the one
 * before it. */
#define LOOKUP_ENTRIES_TWO(first_0, width_0, base_0, offset_0, first_1, width_1, base_1, offset_1)     \
    LOOKUP_INDEX("r4", first_0, width_0)                                                               \
    LOOKUP_INDEX("r6", first_1, width_1)                                                               \
    LOOKUP_PLACE("r4", base_0)                                                                         \
    LOOKUP_PLACE("r6", base_1)                                                                         \
    LOOKUP_LOAD("r4", "r5", offset_0)                                                                  \
    LOOKUP_LOAD("r6", "r7", offset_1)
#define LOOKUP_TWO(first_0, width_0, base_0, offset_0, first_1, width_1, base_1, offset_1)             \
    LOOKUP_ENTRIES_TWO(first_0, width_0, base_0, offset_0, first_1, width_1, base_1, offset_1)         \
    LOOKUP_BOTH

#define LOOKUP_BOTH                                                                                    \
    "add r4, r4, r6\n"                                                                                 \
    "add r5, r5, r7\n" LOOKUP_SUM

#define LOOKUP_SUM                                                                                     \
    "add r8, r8, r4\n"                                                                                 \
    "and r4, r4, #0xF0F0F0F0\n"                                                                        \
    "add r10, r10, r5\n"                                                                               \
    "and r5, r5, #0xF0F0F0F0\n"                                                                        \
    "add r9, r9, r4, lsr #4\n"                                                                         \
    "add r11, r11, r5, lsr #4\n"

/* The first two entries of a word, where they are the first of their sums. */
#define LOOKUP_START                                                                                   \
    LOOKUP_ENTRIES_TWO("0", "6", "r0", "-768", "6", "6", "r0", "-256")                                 \
    "add r8, r4, r6\n"                                                                                 \
    "add r10, r5, r7\n"                                                                                \
    "and r9, r8, #0xF0F0F0F0\n"                                                                        \
    "and r11, r10, #0xF0F0F0F0\n"                                                                      \
    "lsr r9, r9, #4\n"                                                                                 \
    "lsr r11, r11, #4\n"

/* What remains of two words of K after the first two fields of the first. */
#define LOOKUP_PAIR                                                                                    \
    LOOKUP_TWO("18", "7", "r0", "768", "25", "7", "r2", "-768")                                        \
    LOOKUP_ENTRY("r4", "r5", "12", "6", "r0", "256")                                                   \
    "ldr lr, [r1, #4]\n" LOOKUP_ENTRY("r6", "r7", "12", "6", "r3", "-768")                             \
        LOOKUP_BOTH LOOKUP_TWO("0", "6", "r2", "256", "6", "6", "r2", "768")                           \
            LOOKUP_TWO("18", "7", "r3", "-256", "25", "7", "r3", "768")

/* Entry with the arguments of the C signature. Afterwards the stack holds the stride in bytes, the end
 * of the sums, then the saved registers. */
#define LOOKUP_ENTER                                                                                   \
    "push {r4-r11, lr}\n"                                                                              \
    "ldr r12, [sp, #36]\n" /* sums, the fifth argument: above 9 saved registers */                     \
    "add r5, r12, r3, lsl #4\n"                                                                        \
    "lsl r4, r2, #2\n"                                                                                 \
    "push {r4, r5}\n"                                                                                  \
    "add r0, r0, #768\n"

#define LOOKUP_NEXT                                                                                    \
    "ldrd r4, r5, [sp]\n"                                                                              \
    "stm r12!, {r8-r11}\n"                                                                             \
    "add r1, r1, r4\n"                                                                                 \
    "cmp r12, r5\n"                                                                                    \
    "bne 1b\n"                                                                                         \
    "add sp, sp, #8\n"                                                                                 \
    "pop {r4-r11, pc}\n"

#endif
