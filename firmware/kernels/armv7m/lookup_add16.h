/* Look-ups of 16 rows, for the two functions that do them.
 *
 * A field's tables start within an ldrd's reach (-1020 to 1020) of one of three bases; the
 * displacements count from the tables of the pair's first word: base 0 at +768, base 1 at +3328, base 2
 * at +5376. r0 r2 r3 the bases, lr the weights, r8 r9 r10 r11 the two pairs of sums, r4-r7 entries. */
#ifndef SBNN_KERNELS_LOOKUP_ADD16_H
#define SBNN_KERNELS_LOOKUP_ADD16_H

/* Entry of bits `first` to `first` + `width` - 1 of the weights, to register pair (low, high). */
#define LOOKUP_INDEX(low, first, width) "ubfx " low ", lr, #" first ", #" width "\n"
#define LOOKUP_PLACE(low, base) "add " low ", " base ", " low ", lsl #3\n"
#define LOOKUP_LOAD(low, high, offset) "ldrd " low ", " high ", [" low ", #" offset "]\n"
#define LOOKUP_ENTRY(low, high, first, width, base, offset)                                            \
    LOOKUP_INDEX(low, first, width) LOOKUP_PLACE(low, base) LOOKUP_LOAD(low, high, offset)

/* Two entries at once: neither waits for the other. */
#define LOOKUP_TWO(first_0, width_0, base_0, offset_0, first_1, width_1, base_1, offset_1)             \
    LOOKUP_INDEX("r4", first_0, width_0)                                                               \
    LOOKUP_INDEX("r6", first_1, width_1)                                                               \
    LOOKUP_PLACE("r4", base_0)                                                                         \
    LOOKUP_PLACE("r6", base_1)                                                                         \
    LOOKUP_LOAD("r4", "r5", offset_0)                                                                  \
    LOOKUP_LOAD("r6", "r7", offset_1)                                                                  \
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

/* Entry: as the C signatures say. On the stack: stride in bytes, end of the sums, then r4 and on. */
#define LOOKUP_ENTER                                                                                   \
    "push {r4-r11, lr}\n"                                                                              \
    "ldr r12, [sp, #36]\n" /* sums */                                                                  \
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
