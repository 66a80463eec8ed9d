#include "stream_lanes.h"

/* The entries of two words in an order in which one bit changes at a time: 0, 1, 3, 2, 6, 7, 5, 4, and
 * with bit 3 back from 12. Where bit k is set the difference of its weights is added, where it is
 * cleared it is taken off.
 *
 *   r0 r1     weights of the field, its tables; r1 has 8 more for the second two words
 *   r2        ones
 *   r3        weights of a bit
 *   r4-r11    differences of the four bits, two words each
 *   r12 lr    the entry */
#define FIRST(at, shift, low, high, next)                                                              \
    "ldr r3, [r0, #" at "]\n"                                                                          \
    "and r12, r2, r3, lsr #" shift "\n"                                                                \
    "and lr, r2, r3, lsr #" next "\n"                                                                  \
    "sub " low ", r2, r12, lsl #1\n"                                                                   \
    "sub " high ", r2, lr, lsl #1\n"
#define LATER(at, shift, low, high, next)                                                              \
    "ldr r3, [r0, #" at "]\n"                                                                          \
    "and " low ", r2, r3, lsr #" shift "\n"                                                            \
    "and " high ", r2, r3, lsr #" next "\n"                                                            \
    "add r12, r12, " low "\n"                                                                          \
    "add lr, lr, " high "\n"                                                                           \
    "sub " low ", r2, " low ", lsl #1\n"                                                               \
    "sub " high ", r2, " high ", lsl #1\n"
#define STORE(at) "strd r12, lr, [r1, #16 * " at "]\n"
#define SET(low, high, at) "add r12, r12, " low "\nadd lr, lr, " high "\n" STORE(at)
#define CLEAR(low, high, at) "sub r12, r12, " low "\nsub lr, lr, " high "\n" STORE(at)
#define HALF(shift, next)                                                                              \
    FIRST("0", shift, "r4", "r5", next)                                                                \
    LATER("4", shift, "r6", "r7", next)                                                                \
    LATER("8", shift, "r8", "r9", next)                                                                \
    LATER("12", shift, "r10", "r11", next)                                                             \
    STORE("0")                                                                                         \
    SET("r4", "r5", "1")                                                                               \
    SET("r6", "r7", "3")                                                                               \
    CLEAR("r4", "r5", "2")                                                                             \
    SET("r8", "r9", "6")                                                                               \
    SET("r4", "r5", "7")                                                                               \
    CLEAR("r6", "r7", "5")                                                                             \
    CLEAR("r4", "r5", "4")                                                                             \
    SET("r10", "r11", "12")                                                                            \
    SET("r4", "r5", "13")                                                                              \
    SET("r6", "r7", "15")                                                                              \
    CLEAR("r4", "r5", "14")                                                                            \
    CLEAR("r8", "r9", "10")                                                                            \
    SET("r4", "r5", "11")                                                                              \
    CLEAR("r6", "r7", "9")                                                                             \
    CLEAR("r4", "r5", "8")

__attribute__((naked)) void sbnn_lanes_tables(__attribute__((unused)) const uint32_t *w,
                                              __attribute__((unused)) uint32_t *tables) {
    __asm volatile("push {r4-r11, lr}\n"
                   "add r3, r1, #2048\n"
                   "push {r3}\n"
                   "mov r2, #0x11111111\n"
                   "1:\n" HALF("0", "1") "add r1, r1, #8\n" HALF("2", "3") /**/
                   "add r1, r1, #248\n"
                   "add r0, r0, #16\n"
                   "ldr r3, [sp]\n"
                   "cmp r1, r3\n"
                   "bne 1b\n"
                   "pop {r3-r11, pc}\n");
}
