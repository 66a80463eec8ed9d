#include "lookup.h"

#include <string.h>

/* A halfword that is less than its limit leaves its GE flags clear, and SEL then takes its top bit. */
#define BELOW(count, bits)                                                                             \
    "usub16 " count ", " count ", r12\n"                                                               \
    "sel " count ", r1, lr\n"                                                                          \
    "orr " bits ", " count ", " bits ", lsr #1\n"

/* Write the bits of up to 16 outputs, one halfword per row: the words have rows 0 and 4, 2 and 6, 1 and
 * 5, 3 and 7. Each new bit enters at the top of its halfword and shifts the earlier ones down.
 *
 *   r0       address of the counts of an output
 *   r1       0
 *   r2       address of the limits
 *   r3       their end
 *   r4-r7    counts
 *   r8-r11   bits
 *   r12      the limit, in both halfwords
 *   lr       the top bits
 *   stack    bytes from output to output, the address of the bits */
__attribute__((naked)) static void gather(__attribute__((unused)) const uint32_t *wide,
                                          __attribute__((unused)) uint32_t step,
                                          __attribute__((unused)) const int32_t *limit,
                                          __attribute__((unused)) uint32_t outputs,
                                          __attribute__((unused)) uint32_t *words) {
    __asm volatile(
        "push {r4-r11, lr}\n"
        "lsl r1, r1, #2\n"
        "push {r1}\n"
        "add r3, r2, r3, lsl #2\n"
        "mov r1, #0\n"
        "mov lr, #0x80008000\n"
        "mov r8, #0\n"
        "mov r9, #0\n"
        "mov r10, #0\n"
        "mov r11, #0\n"
        "1:\n"
        "ldr r12, [r2], #4\n"
        "ldm r0, {r4-r7}\n"
        "pkhbt r12, r12, r12, lsl #16\n" /**/
        BELOW("r4", "r8") BELOW("r5", "r9") BELOW("r6", "r10")
            BELOW("r7", "r11") "ldr r4, [sp]\n"
                               "cmp r2, r3\n"
                               "add r0, r0, r4\n"
                               "bne 1b\n"
                               "ldr r0, [sp, #40]\n" /* the fifth argument: above 10 saved registers */
                               "stm r0, {r8-r11}\n"
                               "add sp, sp, #4\n"
                               "pop {r4-r11, pc}\n");
}

static uint32_t lane(const uint32_t words[4], uint32_t t) {
    return words[(t & 1u) << 1 | (t >> 1 & 1u)] >> (t >> 2 << 4) & 65535u;
}

/* Write a halfword of a row, without the places of outputs that do not exist. */
__attribute__((always_inline)) static inline void put(const uint32_t words[4], uint32_t t,
                                                      uint32_t absent, uint8_t *row) {
    const uint16_t half = (uint16_t)(lane(words, t) >> absent);
    memcpy(row, &half, sizeof half);
}

void sbnn_lookup_threshold_wide(const lookup_counts *counts, const int32_t *limit, uint32_t *y) {
    const uint32_t row_bytes = (counts->n + 31u) / 32u * 4u;
    const uint32_t *wide = counts->counts;
    uint8_t *out = (uint8_t *)y;
    uint8_t *const end = out + row_bytes;
    uint32_t left = counts->n;
    for (; out < end; out += 2) {
        const uint32_t outputs = left < 16u ? left : 16u;
        uint32_t words[4] = {0};
        if (outputs > 0u) {
            gather(wide, counts->step, limit, outputs, words);
        }
        uint8_t *row = out;
        if (counts->rows == 8u && outputs == 16u) {
#pragma GCC unroll 8
            for (uint32_t t = 0; t < 8u; t++, row += row_bytes) {
                put(words, t, 0, row);
            }
        } else {
            for (uint32_t t = 0; t < counts->rows; t++, row += row_bytes) {
                put(words, t, 16u - outputs, row);
            }
        }
        wide += outputs * counts->step;
        limit += outputs;
        left -= outputs;
    }
}
