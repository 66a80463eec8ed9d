#include "stream_lanes.h"

/* Two words of the entries at a time, in an order in which one bit changes: 0, 1, 3, 2, 6, 7, 5, 4.
 * Where bit k is set the difference of its weights is added, where it is cleared it is taken off. A
 * field and its complement mismatch all four weights together, so that each entry gives that of 15 less
 * its number.
 *
 *   r0 r1     weights of the field, its tables
 *   r2 r3     ones, end of the tables
 *   r4-r9     differences of the three lowest bits, two words each
 *   r10 r11   weights of the highest bit, then the other entry
 *   r12 lr    the entry */
#define FIRST(shift, next)                                                                             \
    "and r12, r2, r4, lsr #" shift "\n"                                                                \
    "and lr, r2, r4, lsr #" next "\n"                                                                  \
    "sub r4, r2, r12, lsl #1\n"                                                                        \
    "sub r5, r2, lr, lsl #1\n"
#define LATER(shift, low, high, next)                                                                  \
    "and " high ", r2, " low ", lsr #" next "\n"                                                       \
    "and " low ", r2, " low ", lsr #" shift "\n"                                                       \
    "add r12, r12, " low "\n"                                                                          \
    "add lr, lr, " high "\n"
#define DIFFERENCE(low, high)                                                                          \
    "sub " low ", r2, " low ", lsl #1\n"                                                               \
    "sub " high ", r2, " high ", lsl #1\n"
#define STORE(at, other, word)                                                                         \
    "strd r12, lr, [r1, #16 * " at " + " word "]\n"                                                    \
    "rsb r10, r12, #0x44444444\n"                                                                      \
    "rsb r11, lr, #0x44444444\n"                                                                       \
    "strd r10, r11, [r1, #16 * " other " + " word "]\n"
#define SET(low, high, at, other, word)                                                                \
    "add r12, r12, " low "\nadd lr, lr, " high "\n" STORE(at, other, word)
#define CLEAR(low, high, at, other, word)                                                              \
    "sub r12, r12, " low "\nsub lr, lr, " high "\n" STORE(at, other, word)
#define HALF(load, shift, next, word)                                                                  \
    "ldm " load ", {r4, r6, r8, r10}\n" FIRST(shift, next) LATER(shift, "r6", "r7", next)              \
        DIFFERENCE("r6", "r7") LATER(shift, "r8", "r9", next) DIFFERENCE("r8", "r9")                   \
            LATER(shift, "r10", "r11", next) STORE("0", "15", word) SET("r4", "r5", "1", "14", word)   \
                SET("r6", "r7", "3", "12", word) CLEAR("r4", "r5", "2", "13", word)                    \
                    SET("r8", "r9", "6", "9", word) SET("r4", "r5", "7", "8", word)                    \
                        CLEAR("r6", "r7", "5", "10", word) CLEAR("r4", "r5", "4", "11", word)

__attribute__((naked)) void sbnn_lanes_tables(__attribute__((unused)) const uint32_t *w,
                                              __attribute__((unused)) uint32_t *tables) {
    __asm volatile("push {r4-r11, lr}\n"
                   "add r3, r1, #2048\n"
                   "mov r2, #0x11111111\n"
                   "1:\n" HALF("r0", "0", "1", "0") HALF("r0!", "2", "3", "8") /**/
                   "add r1, r1, #256\n"
                   "cmp r1, r3\n"
                   "bne 1b\n"
                   "pop {r4-r11, pc}\n");
}
