#include "stream_lanes.h"

/* Numbers are addresses.
 *
 *   r0 r1 r2   address of the words, bytes from one to the next, words to go
 *   r3         list
 *   r4-r11     tables of the fields
 *   r12 lr     address of an entry, word */
#define ENTRY(first, table)                                                                            \
    "ubfx r12, lr, #" first ", #4\n"                                                                   \
    "add r12, " table ", r12, lsl #4\n"                                                                \
    "str r12, [r3], #4\n"

__attribute__((naked)) void sbnn_lanes_list(__attribute__((unused)) const uint32_t *x,
                                            __attribute__((unused)) uint32_t stride,
                                            __attribute__((unused)) uint32_t count,
                                            __attribute__((unused)) const uint32_t *tables,
                                            __attribute__((unused)) uint32_t *list) {
    __asm volatile("push {r4-r11, lr}\n"
                   "mov r4, r3\n"
                   "ldr r3, [sp, #36]\n"
                   "lsl r1, r1, #2\n"
                   "add r5, r4, #256\n"
                   "add r6, r4, #512\n"
                   "add r7, r4, #768\n"
                   "add r8, r4, #1024\n"
                   "add r9, r4, #1280\n"
                   "add r10, r4, #1536\n"
                   "add r11, r4, #1792\n"
                   "1:\n"
                   "ldr lr, [r0]\n"
                   "add r0, r0, r1\n"                                                        /**/
                   ENTRY("0", "r4") ENTRY("4", "r5") ENTRY("8", "r6") ENTRY("12", "r7")      /**/
                   ENTRY("16", "r8") ENTRY("20", "r9") ENTRY("24", "r10") ENTRY("28", "r11") /**/
                   "subs r2, r2, #1\n"
                   "bne 1b\n"
                   "pop {r4-r11, pc}\n");
}
