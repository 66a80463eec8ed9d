/* Products and sums of floats on a core without an FPU. Each result is rounded to nearest, ties to
 * even, as IEEE 754 requires. Rare operands (zeros, subnormal, infinite and very large numbers, large
 * factors) are left to the compiler's own functions, which take two to four times as many
 * instructions. */
#ifndef SBNN_KERNELS_LOOKUP_FLOAT_H
#define SBNN_KERNELS_LOOKUP_FLOAT_H

#include <stdint.h>
#include <string.h>

#define LOOKUP_SIGN 0x80000000u

static inline uint32_t lookup_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float lookup_from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t lookup_exponent(uint32_t bits) {
    return bits >> 23 & 255u;
}

/* The 24-bit significand, with its leading one in bit 31. */
static inline uint32_t lookup_fraction(uint32_t bits) {
    return bits << 8 | LOOKUP_SIGN;
}

/* scale * (float)factor. */
static inline float lookup_product(float scale, int32_t factor) {
    const uint32_t bits = lookup_bits(scale);
    const uint32_t size = factor < 0 ? 0u - (uint32_t)factor : (uint32_t)factor;
    uint32_t exponent = lookup_exponent(bits);
    /* Less one, so that 0 is caught too: it wraps round to the largest number. */
    if (size - 1u > 254u || exponent - 1u > 245u) {
        return scale * (float)factor;
    }
    uint32_t product = (lookup_fraction(bits) >> 8) * size; /* 24 bits times 8 bits fit 32 */
    exponent += 7u; /* 8, less the leading one of `fraction`, which adds 1 to the exponent field */
    if (product < 1u << 24) {
        product <<= 8;
        exponent -= 8u;
    }
    if (product < 1u << 28) {
        product <<= 4;
        exponent -= 4u;
    }
    if (product < 1u << 30) {
        product <<= 2;
        exponent -= 2u;
    }
    if (product < 1u << 31) {
        product <<= 1;
        exponent -= 1u;
    }
    /* Round to nearest: 127 plus the last bit that is kept makes a tie go to even. */
    const uint32_t fraction = (product >> 8) + (((product & 255u) + 127u + (product >> 8 & 1u)) >> 8);
    return lookup_from_bits(((bits ^ (uint32_t)factor) & LOOKUP_SIGN) + (exponent << 23) + fraction);
}

/* a + b. Not inline, so that the compiler has all eight low registers for it. */
__attribute__((noinline)) static float lookup_sum(float a, float b) {
    uint32_t large = lookup_bits(a);
    uint32_t small = lookup_bits(b);
    if (large << 1 < small << 1) {
        const uint32_t other = large;
        large = small;
        small = other;
    }
    uint32_t exponent = lookup_exponent(large);
    const uint32_t lower = lookup_exponent(small);
    if (lower == 0u || exponent > 253u) {
        return a + b;
    }
    const uint32_t apart = exponent - lower;
    if (apart > 26u) {
        return lookup_from_bits(large); /* `small` is less than a quarter of the last bit of `large` */
    }
    /* Three free bits at the top take the carry; five bits below the significand's 24 decide the
     * rounding. */
    uint32_t total = lookup_fraction(large) >> 3;
    const uint32_t exact = lookup_fraction(small) >> 3;
    uint32_t added = exact >> apart;
    if (added << apart != exact) {
        added |= 1u; /* a sticky bit: the lost bits make it no tie */
    }
    if (((large ^ small) & LOOKUP_SIGN) == 0u) {
        total += added;
        if (total >= 1u << 29) {
            total = total >> 1 | (total & 1u);
            exponent++;
        }
    } else {
        total -= added;
        if (total == 0u) {
            return 0.0f;
        }
        while (total < 1u << 28) {
            total <<= 1;
            exponent--;
        }
        if ((int32_t)exponent < 1) {
            return a + b;
        }
    }
    /* Round the five low bits to nearest: 15 plus bit 5, the last that is kept, makes a tie go to
     * even. */
    const uint32_t fraction = (total + 15u + (total << 26 >> 31)) >> 5;
    return lookup_from_bits((large & LOOKUP_SIGN) + ((exponent - 1u) << 23) + fraction);
}

#endif
