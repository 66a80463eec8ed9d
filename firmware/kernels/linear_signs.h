/* Bits of floats: the input of a binary layer. */
#ifndef SBNN_KERNELS_LINEAR_SIGNS_H
#define SBNN_KERNELS_LINEAR_SIGNS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bit j of a row of y is x[j] >= threshold[j], LSB first; 0 if one of them is not a number.
 *   m, k        at least 1; k is a multiple of 32
 *   x           [m][k]
 *   threshold   [k]: finite or not a number; a zero has its sign bit set
 *   y           [m][k / 32], may not overlap x */
void sbnn_pack_signs(uint32_t m, uint32_t k, const float *x, const float *threshold, uint32_t *y);

#ifdef __cplusplus
}
#endif

#endif
