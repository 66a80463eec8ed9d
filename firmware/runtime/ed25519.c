#include "runtime/ed25519.h"

#include <string.h>

#include "runtime/difference.h"
#include "runtime/sha512.h"

/* Indices of the numbers that the computation uses. Four consecutive ones are a point of the curve -x^2
 * + y^2 = 1 + d x^2 y^2: x = X/Z, y = Y/Z, xy = T/Z (RFC 8032, section 5.1.4). */
enum { X, Y, Z, T, POINT };

/* The first sixteen points are a table: number i + 4j is j times the base point minus i times the key,
 * for i and j from 0 to 3. Number 0 would never be added; in its place is P. */
enum {
    PX,
    PY,
    PZ,
    PT,
    MINUS_KEY = POINT,
    BASE = 4 * POINT,
    QX = 16 * POINT,
    QY,
    QZ,
    QT,
    A,
    B,
    ZERO,
    ONE,
    NINETEEN,
    TWICE_D,
    NUMBERS,
    MINUS = NUMBERS /* as the right operand of a step: a subtraction */
};
static number25519 numbers[NUMBERS]; /* static, because the stack may be small */

/* One step: to = left * right + plus, or plus - left. The addition is a table of such steps, which
 * takes less flash than calls. */
typedef struct {
    uint8_t to, left, right, plus;
} step;

#define MULTIPLY(to, left, right) {to, left, right, ZERO}
#define ADD(to, left, right) {to, left, ONE, right}
#define SUBTRACT(to, left, right) {to, right, MINUS, left}

/* P = P + Q; Q is overwritten. The formula is complete, so it also doubles a point. */
static const step addition[] = {
    SUBTRACT(A, PY, PX),  SUBTRACT(B, QY, QX), MULTIPLY(A, A, B),    ADD(B, PY, PX),
    ADD(QY, QY, QX),      MULTIPLY(B, B, QY),  MULTIPLY(QT, QT, PT), MULTIPLY(QT, QT, TWICE_D),
    MULTIPLY(QZ, QZ, PZ), ADD(QZ, QZ, QZ),     SUBTRACT(QX, B, A),   ADD(B, B, A),
    SUBTRACT(A, QZ, QT),  ADD(QZ, QZ, QT),     MULTIPLY(PX, QX, A),  MULTIPLY(PY, QZ, B),
    MULTIPLY(PT, QX, B),  MULTIPLY(PZ, A, QZ),
};

/* The order of the base point. */
static const number25519 order = {0x5CF5D3EDu, 0x5812631Au, 0xA2F79CD6u, 0x14DEF9DEu,
                                  0,           0,           0,           0x10000000u};

static const number25519 base_x = {0x8F25D51Au, 0xC9562D60u, 0x9525A7B2u, 0x692CC760u,
                                   0xFDD6DC5Cu, 0xC0A4E231u, 0xCD6E53FEu, 0x216936D3u};

/* d = -121665/121666. */
static const number25519 twice_d = {0x26B2F159u, 0xEBD69B94u, 0x8283B156u, 0x00E0149Au,
                                    0xEEF3D130u, 0x198E80F2u, 0x56DFFCE7u, 0x2406D9DCu};

/* Subtract the order from r. Returns false, and changes nothing, if r is less than the order. */
static bool lessen(uint32_t *r) {
    number25519 less;
    int64_t borrow = 0;
    for (int i = 0; i < NUMBER25519_WORDS; i++) {
        borrow += (int64_t)r[i] - order[i];
        less[i] = (uint32_t)borrow;
        borrow >>= 32;
    }
    if (borrow == 0) {
        memcpy(r, less, sizeof less);
    }
    return borrow == 0;
}

/* r = 2r + low modulo the order; r is less than the order. */
static void shift_in(uint32_t *r, uint32_t low) {
    for (int i = 0; i < NUMBER25519_WORDS; i++) {
        const uint32_t high = r[i] >> 31;
        r[i] = r[i] << 1 | low;
        low = high;
    }
    (void)lessen(r);
}

static void take(step now) {
    if (now.right == MINUS) {
        number25519_subtract(numbers[now.to], numbers[now.plus], numbers[now.left]);
        return;
    }
    number25519_multiply_add(numbers[now.to], numbers[now.left], numbers[now.right], numbers[now.plus]);
}

/* Not inline: an inlined copy would take 20 bytes at each use. */
__attribute__((noinline)) static void put(int to, const void *words) {
    memcpy(numbers[to], words, sizeof *numbers);
}

/* Copy a point; each is named by its first number. */
__attribute__((noinline)) static void copy(uint32_t to, uint32_t from) {
    memcpy(numbers[to], numbers[from], POINT * sizeof *numbers);
}

/* Add to P the point whose first number is `q`. */
static void add(uint32_t q) {
    copy(QX, q);
    for (uint32_t i = 0; i < sizeof addition / sizeof *addition; i++) {
        take(addition[i]);
    }
}

/* Make a point from its x and its encoded y. */
__attribute__((noinline)) static void place(int p, const uint32_t *x, const void *y) {
    put(p + X, x);
    put(p + Y, y);
    numbers[p + Y][NUMBER25519_WORDS - 1] &=
        0x7FFFFFFFu; /* bit 255 is the lowest bit of x, not part of y */
    numbers[p + Z][0] = 1;
    take((step)MULTIPLY((uint8_t)(p + T), (uint8_t)(p + X), (uint8_t)(p + Y)));
}

/* Divide a coordinate of P by Z, whose inverse is in A, and reduce it to less than p. */
static uint32_t *divide(uint8_t r) {
    take((step)MULTIPLY(r, r, A));
    /* r + 19 exceeds 2^255 if r >= p, and the reduction then adds 19 instead of 2^255. In both cases
     * subtracting 19 gives r modulo p. */
    take((step)ADD(r, r, NINETEEN));
    int64_t borrow = -19;
    for (int i = 0; i < NUMBER25519_WORDS; i++) {
        borrow += numbers[r][i];
        numbers[r][i] = (uint32_t)borrow;
        borrow >>= 32;
    }
    return numbers[r];
}

/* P encoded: y, with the lowest bit of x in bit 255. */
static const uint32_t *encode(void) {
    put(A, numbers[ONE]);
    for (int i = 254; i >= 0;
         i--) { /* the inverse is Z^(p - 2); all bits of p - 2 are ones except 2 and 4 */
        take((step)MULTIPLY(A, A, A));
        if (i != 2 && i != 4) {
            take((step)MULTIPLY(A, A, PZ));
        }
    }
    uint32_t *const y = divide(PY);
    y[NUMBER25519_WORDS - 1] |= *divide(PX) << 31;
    return y;
}

bool ed25519_verify(const uint8_t *signature, const ed25519_key *key, const uint8_t *message,
                    uint32_t count, uint32_t *difference) {
    static sha512_context hash;
    const uint8_t *const s = signature + 32;
    number25519 k = {0};
    put(A, s);
    if (lessen(numbers[A])) {
        return false;
    }
    sha512_begin(&hash);
    sha512_update(&hash, signature, 32);
    sha512_update(&hash, key->encoded, sizeof key->encoded);
    sha512_update(&hash, message, count);
    sha512_end(&hash);

    memset(numbers, 0, sizeof numbers);
    numbers[NINETEEN][0] = 19;
    numbers[ONE][0] = 1;
    put(TWICE_D, twice_d);
    place(MINUS_KEY, key->minus_x, key->encoded);
    memset(numbers[A], 0x66, sizeof *numbers); /* the base point: y = 4/5 */
    numbers[A][0] = 0x66666658u;
    place(BASE, base_x, numbers[A]);

    /* k is the digest read with its first byte lowest; its 64-bit words have their first byte highest,
     * hence the index. Reducing k modulo the order halves the number of steps below. */
    uint32_t digest[16];
    memcpy(digest, hash.state, sizeof digest);
    for (uint32_t i = 512; i-- > 0u;) {
        shift_in(k, digest[i / 32u ^ 1u] >> (i % 32u ^ 24u) & 1u);
    }
    for (uint32_t i = 2; i < 16u; i++) {
        if (i != 4u) {
            copy(PX, (i % 4u != 0u ? i - 1u : i - 4u) * POINT);
            add(i % 4u != 0u ? MINUS_KEY : BASE);
            copy(i * POINT, PX);
        }
    }
    /* R = [s]B - [k]A, two bits of s and k at a time. P begins as the neutral element (0, 1). */
    memset(numbers[PX], 0, POINT * sizeof *numbers);
    numbers[PY][0] = 1;
    numbers[PZ][0] = 1;
    for (uint32_t i = 254; i > 0u;) {
        i -= 2u;
        add(PX);
        add(PX);
        const uint32_t point = (k[i / 32u] >> i % 32u & 3u) + 4u * ((uint32_t)s[i / 8u] >> i % 8u & 3u);
        if (point != 0u) {
            add(point * POINT);
        }
    }
    const uint32_t *const found = encode();
    *difference = difference_of(found, signature, 32);
    return memcmp(found, signature, 32) == 0;
}
