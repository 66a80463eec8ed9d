/* Compares four bytes at once. */
#ifndef SBNN_KERNELS_ATTEND_BELOW_H
#define SBNN_KERNELS_ATTEND_BELOW_H

#include <stdint.h>

#define ATTEND_TOPS 0x80808080u

/* Sets the top bit of each byte where `counts` is less than `limits`; all other bits are 0. Where the
 * top bits differ, they decide. Where they are equal, the lower bits do: the subtraction borrows from a
 * top bit that is set beforehand, so no borrow leaves its byte. */
static inline uint32_t attend_below(uint32_t counts, uint32_t limits) {
    const uint32_t reached = (counts | ATTEND_TOPS) - (limits & ~ATTEND_TOPS);
    const uint32_t differ = counts ^ limits;
    return ((limits & differ) | ~(reached | differ)) & ATTEND_TOPS;
}

#endif
