/* Look-ups of 8 rows, for the two functions that do them.
 *
 * r0 r2 r3 r8 r9 the tables of the five fields, lr the weights, r6 r7 the pair of sums, r4 r5 entries,
 * r10 stride in bytes, r11 end of the sums, r12 the sums. */
#ifndef SBNN_KERNELS_LOOKUP_ADD8_H
#define SBNN_KERNELS_LOOKUP_ADD8_H

/* Entry of bits `first` to `first` + `width` - 1 of the weights, from the pair's first word... */
#define LOOKUP_FIRST(entry, first, width, table)                                                       \
    "ubfx " entry ", lr, #" first ", #" width "\n"                                                     \
    "ldr " entry ", [" table ", " entry ", lsl #2]\n"

/* ...or from its second, whose tables lie 448 words further. */
#define LOOKUP_SECOND(entry, first, width, table)                                                      \
    "ubfx " entry ", lr, #" first ", #" width "\n"                                                     \
    "add " entry ", " table ", " entry ", lsl #2\n"                                                    \
    "ldr " entry ", [" entry ", #1792]\n"

#define LOOKUP_BOTH "add r4, r4, r5\n" LOOKUP_SUM

#define LOOKUP_SUM                                                                                     \
    "add r6, r6, r4\n"                                                                                 \
    "and r4, r4, #0xF0F0F0F0\n"                                                                        \
    "add r7, r7, r4, lsr #4\n"

/* As the C signatures say. */
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
