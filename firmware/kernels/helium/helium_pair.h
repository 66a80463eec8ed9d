/* Extracts the counts of 32 rows for one output from a pair of sums. */
#ifndef SBNN_KERNELS_HELIUM_PAIR_H
#define SBNN_KERNELS_HELIUM_PAIR_H

#include <arm_mve.h>

/* The counts of rows 0 to 15. */
static inline uint8x16_t helium_low(const uint8_t *pair) {
    return vsubq_u8(vld1q_u8(pair), vshlq_n_u8(vld1q_u8(pair + 16), 4));
}

/* The counts of rows 16 to 31, minus `below`. */
static inline int8x16_t helium_high(const uint8_t *pair) {
    return vreinterpretq_s8_u8(vld1q_u8(pair + 16));
}

/* The counts of rows 16 to 31. */
static inline uint8x16_t helium_whole(const uint8_t *pair, uint32_t below) {
    return vaddq_n_u8(vld1q_u8(pair + 16), (uint8_t)below);
}

#endif
