/* The system calls of Linux on AArch64 that replace the hardware (numbers from Linux's
 * asm-generic/unistd.h). */
#ifndef SBNN_HAL_LINUX_H
#define SBNN_HAL_LINUX_H

#include <stdint.h>

#define LINUX_READ 63
#define LINUX_WRITE 64
#define LINUX_PPOLL 73
#define LINUX_EXIT_GROUP 94
#define LINUX_CLOCK_GETTIME 113

#define LINUX_INPUT 0
#define LINUX_OUTPUT 1
#define LINUX_EINTR (-4)

/* The layout of struct timespec. */
typedef struct {
    int64_t seconds;
    int64_t nanoseconds;
} linux_time;

/* Make a system call. Returns its result; -4095 to -1 is a negated error number. */
int64_t linux_call(int64_t number, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e);

/* Whether input can be read, after waiting at most this many nanoseconds. */
int linux_has_input(int64_t nanoseconds);

#endif
