/* The product of an image of bytes with weights of bytes: the embedding of patches. */
#ifndef SBNN_KERNELS_LINEAR_DENSE_H
#define SBNN_KERNELS_LINEAR_DENSE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Row r * across + q of y is scale * (sum of products of patch (r, q) and the weights), rounded, +
 * bias, rounded. The sums must be less than 2^31, and exact as floats. colours, down, height, across,
 * width   the image: x is [colours][down][height][across][width], and patch (r, q) is [:][r][:][q][:].
 * width is a multiple of 4; a patch has a multiple of 16 bytes. n           outputs, a multiple of 8
 *   biases      rows of bias: down * across, or 1 for all rows of y
 *   w           [n][bytes of a patch]
 *   scale       [n]
 *   bias        [biases][n], float16 without subnormal numbers
 *   workspace   4-byte aligned: 12 bytes for each byte of a patch and 24 for each output
 *   y           [down * across][n] */
void sbnn_dense_bytes(uint32_t colours, uint32_t down, uint32_t height, uint32_t across, uint32_t width,
                      uint32_t n, uint32_t biases, const uint8_t *x, const int8_t *w,
                      const float *scale, const uint16_t *bias, void *workspace, float *y);

#ifdef __cplusplus
}
#endif

#endif
