/* The rows of a channel on RV32IM, from the last one down: the code of the last row is entered, and
 * each row continues with the one below.
 *
 * The counts of a channel are read one by one where lookup.h has them as bytes or halfwords. */
#ifndef SBNN_KERNELS_STREAM_ROWS_H
#define SBNN_KERNELS_STREAM_ROWS_H

#include "stream.h"

/* Make bytes of a pair of sums. */
static inline void stream_make_bytes(uint32_t *counts) {
    counts[0] -= counts[1] << 4;
}

/* The mismatches of a row. */
static inline int32_t stream_byte(const uint32_t *counts, uint32_t row) {
    return ((const uint8_t *)counts)[(row & 1u) * 4u + row / 2u];
}

typedef uint16_t __attribute__((may_alias)) stream_halfword;

static inline int32_t stream_half(const uint32_t *counts, uint32_t row) {
    return ((const stream_halfword *)(const void *)counts)[(row & 1u) * 4u + (row & 2u) + row / 4u];
}

/* Moves an address by bytes. */
static inline const int16_t *stream_moved(const int16_t *from, int32_t bytes) {
    return (const int16_t *)(const void *)((const char *)from + bytes);
}

static inline int32_t stream_saturated(int32_t value) {
    const int32_t narrow = (int16_t)value;
    return narrow == value ? value : value >> 31 ^ 32767;
}

/* A row's value. Sums with `base` may wrap round and back. */
__attribute__((always_inline)) static inline int16_t stream_value(const stream_channel *channel,
                                                                  int32_t mismatches, int32_t added) {
    const uint32_t product = (uint32_t)mismatches * (uint32_t)channel->factor;
    const int32_t scaled = (int32_t)((uint32_t)channel->base - product) >> channel->shift;
    int32_t value = scaled + added;
    if (value < 0) {
        value = (stream_saturated(value) * channel->slope + STREAM_SLOPE_HALF) >> 13;
    }
    return (int16_t)stream_saturated(value);
}

/* A pair of rows: the odd one is `step` bytes after the even one, the next pair `down` before it. */
#define STREAM_VALUE_PAIR(count, odd)                                                                  \
    case (odd) + 1u:                                                                                   \
        *(int16_t *)(void *)((char *)y + local.step_y) =                                               \
            stream_value(&local, count(counts, odd), *stream_moved(added, (int32_t)local.step_added)); \
        __attribute__((fallthrough));                                                                  \
    case odd:                                                                                          \
        *y = stream_value(&local, count(counts, (odd) - 1u), *added);                                  \
        added = stream_moved(added, local.down_added);                                                 \
        y = (int16_t *)(void *)((char *)y + local.down_y);                                             \
        __attribute__((fallthrough));

#define STREAM_VALUES(count)                                                                           \
    const stream_channel local = *channel;                                                             \
    const int16_t *added = local.added;                                                                \
    int16_t *y = local.y;                                                                              \
    switch (local.rows) {                                                                              \
        STREAM_VALUE_PAIR(count, 7u)                                                                   \
        STREAM_VALUE_PAIR(count, 5u)                                                                   \
        STREAM_VALUE_PAIR(count, 3u)                                                                   \
        STREAM_VALUE_PAIR(count, 1u)                                                                   \
    default:                                                                                           \
        break;                                                                                         \
    }

/* The sign of a row enters at bit 0. */
__attribute__((always_inline)) static inline uint32_t
stream_sign(const stream_channel *channel, uint32_t signs, int32_t mismatches, int32_t added) {
    const uint32_t product = (uint32_t)mismatches * (uint32_t)channel->factor;
    const uint32_t sum = (uint32_t)channel->base - product + ((uint32_t)added << channel->shift);
    return signs << 1 | sum >> 31;
}

#define STREAM_SIGN_PAIR(count, odd)                                                                   \
    case (odd) + 1u:                                                                                   \
        signs = stream_sign(&local, signs, count(counts, odd),                                         \
                            *stream_moved(added, (int32_t)local.step_added));                          \
        __attribute__((fallthrough));                                                                  \
    case odd:                                                                                          \
        signs = stream_sign(&local, signs, count(counts, (odd) - 1u), *added);                         \
        added = stream_moved(added, local.down_added);                                                 \
        __attribute__((fallthrough));

#define STREAM_SIGNS(count)                                                                            \
    const stream_channel local = *channel;                                                             \
    const int16_t *added = local.added;                                                                \
    uint32_t signs = 0;                                                                                \
    switch (local.rows) {                                                                              \
        STREAM_SIGN_PAIR(count, 7u)                                                                    \
        STREAM_SIGN_PAIR(count, 5u)                                                                    \
        STREAM_SIGN_PAIR(count, 3u)                                                                    \
        STREAM_SIGN_PAIR(count, 1u)                                                                    \
    default:                                                                                           \
        break;                                                                                         \
    }                                                                                                  \
    return signs

#endif
