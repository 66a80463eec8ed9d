/* Saves and restores the caller's registers on Armv6-M, whose push and pop reach only r0 to r7, lr and
 * pc. */
#ifndef SBNN_KERNELS_LOOKUP_SAVED_H
#define SBNN_KERNELS_LOOKUP_SAVED_H

/* Nine words on the stack: r8 to r11 (lowest), then r4 to r7 and lr. */
#define LOOKUP_SAVE                                                                                    \
    ".syntax unified\n"                                                                                \
    "push {r4-r7, lr}\n"                                                                               \
    "mov r4, r8\n"                                                                                     \
    "mov r5, r9\n"                                                                                     \
    "mov r6, r10\n"                                                                                    \
    "mov r7, r11\n"                                                                                    \
    "push {r4-r7}\n"

/* Restore them and return. */
#define LOOKUP_RETURN                                                                                  \
    "pop {r4-r7}\n"                                                                                    \
    "mov r8, r4\n"                                                                                     \
    "mov r9, r5\n"                                                                                     \
    "mov r10, r6\n"                                                                                    \
    "mov r11, r7\n"                                                                                    \
    "pop {r4-r7, pc}\n"

#endif
