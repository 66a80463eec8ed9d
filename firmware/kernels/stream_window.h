/* The values of a token of a window, see sbnn_stream_window. */
#ifndef SBNN_KERNELS_STREAM_WINDOW_H
#define SBNN_KERNELS_STREAM_WINDOW_H

#include "stream_bytes.h"

/* What makes the values of a token from its sums of products. */
typedef struct {
    const uint16_t *sums; /* of each row of weights, STREAM_ROWS halfwords apart, see stream_sums */
    const uint16_t *sums_end;
    const int32_t *constants;
    const int32_t *constants_end;
    uint32_t shift;
} stream_window;

/* Make the values of a token. */
void sbnn_window_token(const stream_window *window, int16_t *y);

#endif
