/* The terms of a patch of bytes, two in a word. */
#ifndef SBNN_KERNELS_STREAM_TERMS_H
#define SBNN_KERNELS_STREAM_TERMS_H

#include <stdint.h>

#define STREAM_ORIGIN 0 /* halfwords have a sign */

typedef int16_t stream_term;

#define WINDOW_CONSTANTS 5u /* of a pair of channels, see sbnn_stream_window */
#define WINDOW_OUTPUTS 8u   /* whose terms are widened together */

#endif
