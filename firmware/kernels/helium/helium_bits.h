/* Collects the output bits of 32 rows and writes them. */
#ifndef SBNN_KERNELS_HELIUM_BITS_H
#define SBNN_KERNELS_HELIUM_BITS_H

#include "helium.h"

#include <arm_mve.h>

/* One byte per row. A new bit enters at the top, which is the sign bit of a halved difference, and VSRI
 * shifts the earlier bits down. */
typedef struct {
    uint8x16_t low;  /* rows 0 to 15 */
    uint8x16_t high; /* rows 16 to 31 */
} helium_bits;

static inline helium_bits helium_enter(helium_bits bits, uint8x16_t low, uint8x16_t high) {
    return (helium_bits){vsriq_n_u8(low, bits.low, 1), vsriq_n_u8(high, bits.high, 1)};
}

/* Enter the bits of 1 to 8 outputs, beginning with output `first`. */
typedef helium_bits helium_gather(const helium_counts *counts, const void *limits, uint32_t first,
                                  uint32_t outputs, helium_bits bits);

/* Write the bits of all rows and outputs, in whole words. */
__attribute__((always_inline)) static inline void
helium_write_bits(const helium_counts *counts, const void *limits, uint32_t *y, helium_gather *gather) {
    const uint32_t stride = (counts->n + 31u) / 32u;
    const uint32_t rows = counts->rows;
    for (uint32_t word = 0; word < stride; word++) {
        uint8_t bytes[2][4][16] __attribute__((aligned(8)));
        uint32_t words[HELIUM_ROWS];
        for (uint32_t byte = 0; byte < 4u; byte++) {
            const uint32_t first = 32u * word + 8u * byte;
            helium_bits bits = {vdupq_n_u8(0), vdupq_n_u8(0)};
            if (first + 8u <= counts->n) {
                bits = gather(counts, limits, first, 8, bits);
            } else if (first < counts->n) {
                const int32_t missing = (int32_t)(first + 8u - counts->n);
                bits = gather(counts, limits, first, counts->n - first, bits);
                bits.low = vshlq_r_u8(bits.low, -missing);
                bits.high = vshlq_r_u8(bits.high, -missing);
            }
            vst1q_u8(bytes[0][byte], bits.low);
            vst1q_u8(bytes[1][byte], bits.high);
        }
        for (uint32_t half = 0; half < 2u; half++) {
            const uint8x16x4_t planes = {{vld1q_u8(bytes[half][0]), vld1q_u8(bytes[half][1]),
                                          vld1q_u8(bytes[half][2]), vld1q_u8(bytes[half][3])}};
            vst4q_u8((uint8_t *)(words + 16u * half), planes);
        }
        uint32_t *to = y + word;
        for (uint32_t row = 0; row < rows; row++) {
            *to = words[row];
            to += stride;
        }
    }
}

#endif
