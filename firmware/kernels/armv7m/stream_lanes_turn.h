/* A group's turn of words and tokens on Thumb-2, see stream_lanes.h; the stack is that of the including
 * file. */
#ifndef SBNN_KERNELS_STREAM_LANES_TURN_H
#define SBNN_KERNELS_STREAM_LANES_TURN_H

/* Repeat for the next word of the record. */
#define LANES_WORD                                                                                     \
    "ldr r12, [sp]\n"                                                                                  \
    "cmp r0, r12\n"                                                                                    \
    "bne 2b\n"
/* r11 becomes the step of what is made. */
#define LANES_NEXT                                                                                     \
    "ldrd r10, r11, [sp, #16]\n"                                                                       \
    "add r0, r0, #16\n"                                                                                \
    "sub r1, r1, #192\n"                                                                               \
    "add r2, r2, r10\n"
/* Repeat for the next token; at the end free `stack` bytes, as text. */
#define LANES_LEAVE(stack)                                                                             \
    "ldr r12, [sp, #12]\n"                                                                             \
    "subs r12, r12, #1\n"                                                                              \
    "str r12, [sp, #12]\n"                                                                             \
    "bne 1b\n"                                                                                         \
    "add sp, sp, #" stack "\n"                                                                         \
    "pop {r4-r11, pc}\n"

#endif
