/* The rows of a channel, for the functions that go through them. */
#ifndef SBNN_KERNELS_STREAM_ROWS_H
#define SBNN_KERNELS_STREAM_ROWS_H

#include "stream.h"

/* The residual or value of a row, from that of the last even row. */
static inline int32_t stream_steps(const stream_channel *channel, uint32_t row) {
    return (int32_t)row - (int32_t)((channel->rows - 1u) & ~1u);
}

static inline int32_t stream_added(const stream_channel *channel, uint32_t row) {
    return channel
        ->added[stream_steps(channel, row) * (int32_t)(channel->step_added / sizeof *channel->added)];
}

/* The mismatches of a row. */
static inline int32_t stream_byte(const uint32_t *counts, uint32_t row) {
    const uint32_t rows = row & 1u ? counts[1] : counts[0] - (counts[1] << 4);
    return (int32_t)(rows >> row / 2u * 8u & 255u);
}

static inline int32_t stream_half(const uint32_t *counts, uint32_t row) {
    return (int32_t)(counts[(row & 1u) * 2u + (row >> 1 & 1u)] >> row / 4u * 16u & 65535u);
}

/* base - mismatches * factor; sums may wrap round and back. */
static inline uint32_t stream_difference(const stream_channel *channel, int32_t mismatches) {
    return (uint32_t)channel->base - (uint32_t)mismatches * (uint32_t)channel->factor;
}

/* One row's value. */
static inline void stream_value(const stream_channel *channel, uint32_t row, int32_t mismatches) {
    const int32_t scaled = (int32_t)stream_difference(channel, mismatches) >> channel->shift;
    int32_t value = scaled + stream_added(channel, row);
    value = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
    if (value < 0) {
        value = (value * channel->slope + channel->half) >> 13;
        value = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
    }
    channel->y[stream_steps(channel, row) * (int32_t)(channel->step_y / sizeof *channel->y)] =
        (int16_t)value;
}

/* One row's sign, at its place. */
static inline uint32_t stream_sign(const stream_channel *channel, uint32_t row, int32_t mismatches) {
    const uint32_t added = (uint32_t)stream_added(channel, row) << channel->shift;
    return (stream_difference(channel, mismatches) + added) >> 31 << row;
}

#endif
