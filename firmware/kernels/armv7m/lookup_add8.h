/* Look-ups of 8 rows, for the two functions that do them.
 *
 * Per output: extract each field of the weight word, load its entry, add the entries two by two, and
 * add their sum and its high nibbles to the pair of sums.
 *
 *   r0 r2 r3 r8 r9   the tables of the five fields
 *   r1               address of the weights
 *   lr               the weight word
 *   r4 r5            entries
 *   r6 r7            the pair of sums
 *   r10              stride in bytes
 *   r11              end of the sums
 *   r12              address of the sums in memory */
#ifndef SBNN_KERNELS_LOOKUP_ADD8_H
#define SBNN_KERNELS_LOOKUP_ADD8_H

/* Load the entry of the weights' bits `first` to `first` + `width` - 1 from the tables of the first
 * word... */
#define LOOKUP_FIRST(entry, first, width, table)                                                       \
    "ubfx " entry ", lr, #" first ", #" width "\n"                                                     \
    "ldr " entry ", [" table ", " entry ", lsl #2]\n"

/* ...or of the second word, which are 448 words (1792 bytes) further. */
#define LOOKUP_SECOND(entry, first, width, table)                                                      \
    "ubfx " entry ", lr, #" first ", #" width "\n"                                                     \
    "add " entry ", " table ", " entry ", lsl #2\n"                                                    \
    "ldr " entry ", [" entry ", #1792]\n"

#define LOOKUP_BOTH "add r4, r4, r5\n" LOOKUP_SUM

#define LOOKUP_SUM                                                                                     \
    "add r6, r6, r4\n"                                                                                 \
    "and r4, r4, #0xF0F0F0F0\n"                                                                        \
    "add r7, r7, r4, lsr #4\n"

/* Entry with the arguments of the C signature. sums, the fifth, is above nine saved registers. The
 * tables begin at bytes 0, 256, 512, 768 and 1280: entries of 4 bytes, fields of 6, 6, 6, 7 and 7
 * bits. */
#define LOOKUP_ENTER                                                                                   \
    "push {r4-r11, lr}\n"                                                                              \
    "ldr r12, [sp, #36]\n"                                                                             \
    "lsl r10, r2, #2\n"                                                                                \
    "add r11, r12, r3, lsl #3\n"                                                                       \
    "add r2, r0, #256\n"                                                                               \
    "add r3, r0, #512\n"                                                                               \
    "add r8, r0, #768\n"                                                                               \
    "add r9, r0, #1280\n"

#define LOOKUP_NEXT                                                                                    \
    "add r1, r1, r10\n"                                                                                \
    "strd r6, r7, [r12], #8\n"                                                                         \
    "cmp r12, r11\n"                                                                                   \
    "bne 1b\n"                                                                                         \
    "pop {r4-r11, pc}\n"

#endif
