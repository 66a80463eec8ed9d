/* The int8 linear layer that the binary layers are compared with. It is not part of a model's bundle.
 *
 * x is [m][k], w is [n][k] with entries from -127 to 127, y is [m][n]. k is at most 65536; y may not
 * overlap any input. As in TensorFlow Lite's int8 operators, w is symmetric with one scale per output.
 * What x's zero point adds to an output is constant, and is part of bias. */
#ifndef SBNN_BASELINES_LINEAR_INT8_H
#define SBNN_BASELINES_LINEAR_INT8_H

#include <stdint.h>

/* y[i][j] is zero + (bias[j] + sum of x[i][p] * w[j][p]) * multiplier[j] / 2^(31 + shift[j]), rounded
 * half up at 2^31 and again at 2^shift, then clamped to int8.
 *   bias         [n], magnitude at most 2^24
 *   multiplier   [n], 2^30 to 2^31 - 1
 *   shift        [n], 1 to 30 */
void sbnn_linear_int8(uint32_t m, uint32_t n, uint32_t k, int32_t zero, const int8_t *x,
                      const int8_t *w, const int32_t *bias, const int32_t *multiplier,
                      const int32_t *shift, int8_t *y);

#endif
