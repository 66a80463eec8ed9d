#include "stream.h"

/* Load the entry of the weights' bits `first` to `first` + `width` - 1. */
#define ENTRY(entry, first, width, table)                                                              \
    "ubfx " entry ", lr, #" first ", #" width "\n"                                                     \
    "ldr " entry ", [" table ", " entry ", lsl #2]\n"
#define SUM                                                                                            \
    "add r6, r6, r4\n"                                                                                 \
    "and r4, r4, #0xF0F0F0F0\n"                                                                        \
    "add r7, r7, r4, lsr #4\n"

/* The sums of an output: three fields of 5 bits, then those of 5 and 6, then that of 6 bits. */
#define OUTPUT                                                                                         \
    "ldr lr, [r1], #4\n"                                                                               \
    "ldrd r6, r7, [r12]\n" ENTRY("r4", "0", "5", "r0")                                                 \
        ENTRY("r5", "5", "5", "r2") "add r4, r4, r5\n" ENTRY(                                          \
            "r5", "10", "5", "r3") "add r4, r4, r5\n" SUM ENTRY("r4", "15", "5", "r8")                 \
            ENTRY("r5", "20", "6", "r9") "add r4, r4, r5\n" SUM ENTRY("r4", "26", "6", "r10") SUM      \
        "strd r6, r7, [r12], #16\n"

/* Two outputs make a turn of the loop; an odd one comes first.
 *
 *   r0 r2 r3 r8 r9 r10   the tables of the fields
 *   r1                   address of the weights
 *   lr                   the weight word
 *   r4 r5                entries
 *   r6 r7                the pair of sums
 *   r11                  end of the sums
 *   r12                  address of the sums in memory */
__attribute__((naked)) void sbnn_stream_add(__attribute__((unused)) const uint32_t *tables,
                                            __attribute__((unused)) const uint32_t *w,
                                            __attribute__((unused)) uint32_t n,
                                            __attribute__((unused)) uint32_t *sums) {
    __asm volatile("push {r4-r11, lr}\n"
                   "mov r12, r3\n"
                   "add r11, r3, r2, lsl #4\n"
                   "tst r2, #1\n"
                   "add r2, r0, #128\n"
                   "add r3, r0, #256\n"
                   "add r8, r0, #384\n"
                   "add r9, r0, #512\n"
                   "add r10, r0, #768\n"
                   "bne 2f\n"
                   "1:\n" OUTPUT "2:\n" OUTPUT "cmp r12, r11\n"
                   "bne 1b\n"
                   "pop {r4-r11, pc}\n");
}
