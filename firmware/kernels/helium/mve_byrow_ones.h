#ifndef SBNN_KERNELS_MVE_BYROW_ONES_H
#define SBNN_KERNELS_MVE_BYROW_ONES_H

#include <stdint.h>

/* The number of ones of each byte. */
extern const uint8_t sbnn_mve_ones[256];

#endif
