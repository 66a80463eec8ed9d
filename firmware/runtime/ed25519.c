#include "runtime/ed25519.h"

#include <string.h>

#include "runtime/bytes.h"
#include "runtime/sha512.h"

#define WORDS 8

/* Numbers modulo p = 2^255 - 19, the lowest word first. Any 256 bits stand for one: 2^256 is 38. */
typedef uint32_t number[WORDS];

/* A point of the curve -x^2 + y^2 = 1 + d x^2 y^2: x = X/Z, y = Y/Z, xy = T/Z (section 5.1.4). */
typedef struct {
    number x, y, z, t;
} point;

static number zero; /* not const: so it takes no flash */
static const number one = {1};

/* d = -121665/121666. */
static const number curve_d = {0x135978A3u, 0x75EB4DCAu, 0x4141D8ABu, 0x00700A4Du,
                               0x7779E898u, 0x8CC74079u, 0x2B6FFE73u, 0x52036CEEu};

/* The order of the base point. */
static const number order = {0x5CF5D3EDu, 0x5812631Au, 0xA2F79CD6u, 0x14DEF9DEu, 0, 0, 0, 0x10000000u};

/* carry * 2^256 + r. */
static void fold(uint32_t *r, uint64_t carry) {
    while (carry != 0u) {
        carry *= 38u;
        for (int i = 0; i < WORDS; i++) {
            carry += r[i];
            r[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
}

static void add(uint32_t *r, const uint32_t *a, const uint32_t *b) {
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t)a[i] + b[i];
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
    fold(r, carry);
}

/* a + (2^256 - 1 - b) + (2p - 37): the constants are 4p together. */
static void subtract(uint32_t *r, const uint32_t *a, const uint32_t *b) {
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t)a[i] + ~b[i] + (i == 0 ? 0xFFFFFFB5u : 0xFFFFFFFFu);
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
    fold(r, carry);
}

static void multiply(uint32_t *r, const uint32_t *a, const uint32_t *b) {
    uint32_t product[2 * WORDS] = {0};
    for (int i = 0; i < WORDS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < WORDS; j++) {
            carry += product[i + j] + (uint64_t)a[i] * b[j];
            product[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        product[i + WORDS] = (uint32_t)carry;
    }
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += product[i] + 38u * (uint64_t)product[i + WORDS];
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
    fold(r, carry);
}

/* a to the power of a number whose bits from `top` down to 8 are ones, and the lower ones `low`. */
static void power(uint32_t *r, const uint32_t *a, int top, uint32_t low) {
    number base;
    memcpy(base, a, sizeof base);
    memcpy(r, one, sizeof one);
    for (int i = top; i >= 0; i--) {
        multiply(r, r, r);
        if (i >= 8 || (low >> i & 1u) != 0u) {
            multiply(r, r, base);
        }
    }
}

/* r + value + 2^255 * q, where q was its highest bit; that bit is cleared. */
static uint32_t drop_top(uint32_t *r, uint32_t value) {
    uint64_t carry = value;
    for (int i = 0; i < WORDS; i++) {
        carry += r[i];
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
    const uint32_t top = r[WORDS - 1] >> 31;
    r[WORDS - 1] &= 0x7FFFFFFFu;
    return top;
}

/* The one that is less than p. */
static void reduce(uint32_t *r) {
    uint32_t top = drop_top(r, 0);
    top = drop_top(r, 19u * top);
    (void)drop_top(r, 19u * top);
    number more;
    memcpy(more, r, sizeof more);
    if (drop_top(more, 19) != 0u) { /* r + 19 >= 2^255, so r >= p */
        memcpy(r, more, sizeof more);
    }
}

static bool equal(const uint32_t *a, const uint32_t *b) {
    number difference;
    subtract(difference, a, b);
    reduce(difference);
    return memcmp(difference, zero, sizeof zero) == 0;
}

/* Complete: it doubles, too. */
static void add_point(point *r, const point *p, const point *q) {
    number a, b, c, d, e, f;
    subtract(a, p->y, p->x);
    subtract(b, q->y, q->x);
    multiply(a, a, b);
    add(b, p->y, p->x);
    add(c, q->y, q->x);
    multiply(b, b, c);
    multiply(c, p->t, q->t);
    multiply(c, c, curve_d);
    add(c, c, c);
    multiply(d, p->z, q->z);
    add(d, d, d);
    subtract(e, b, a);
    add(b, b, a);
    subtract(f, d, c);
    add(d, d, c);
    multiply(r->x, e, f);
    multiply(r->y, d, b);
    multiply(r->t, e, b);
    multiply(r->z, f, d);
}

static void load(uint32_t *r, const uint8_t *bytes) {
    for (int i = 0; i < WORDS; i++) {
        r[i] = bytes_load32(bytes + 4 * i);
    }
}

/* A point from y and the lowest bit of x (section 5.1.3); false if there is none. */
static bool decode(point *r, const uint8_t *bytes) {
    number u, v, w;
    load(r->y, bytes);
    const uint32_t sign = r->y[WORDS - 1] >> 31;
    r->y[WORDS - 1] &= 0x7FFFFFFFu;
    memcpy(r->z, one, sizeof one);
    /* x^2 = u / v = (y^2 - 1) / (d y^2 + 1) */
    multiply(v, r->y, r->y);
    subtract(u, v, one);
    multiply(v, v, curve_d);
    add(v, v, one);
    /* x = u v^3 (u v^7)^((p - 5) / 8) */
    multiply(w, v, v);
    multiply(w, w, v);
    multiply(r->x, w, u);
    multiply(w, w, v);
    multiply(w, w, r->x);
    power(w, w, 251, 0xFDu);
    for (int attempt = 0;; attempt++) {
        multiply(r->x, r->x, w);
        multiply(w, r->x, r->x);
        multiply(w, w, v);
        if (equal(w, u)) {
            break;
        }
        if (attempt == 1) {
            return false;
        }
        /* or times the square root of -1, which is 2^((p - 1) / 4) */
        add(w, one, one);
        power(w, w, 252, 0xFBu);
    }
    reduce(r->x);
    if ((r->x[0] & 1u) != sign) {
        subtract(r->x, zero, r->x);
    }
    multiply(r->t, r->x, r->y);
    return true;
}

static void encode(uint8_t *bytes, const point *p) {
    number x, y;
    power(y, p->z, 254, 0xEBu); /* 1/z, by p - 2 */
    multiply(x, p->x, y);
    multiply(y, p->y, y);
    reduce(x);
    reduce(y);
    y[WORDS - 1] |= x[0] << 31;
    for (int i = 0; i < WORDS; i++) {
        bytes_store32(bytes + 4 * i, y[i]);
    }
}

static bool is_below_order(const uint8_t *bytes) {
    number s;
    load(s, bytes);
    int i = WORDS - 1;
    while (i > 0 && s[i] == order[i]) {
        i--;
    }
    return s[i] < order[i];
}

bool ed25519_verify(const uint8_t *signature, const uint8_t *key, const uint8_t *message,
                    uint32_t count) {
    uint8_t digest[64], encoded[32];
    point base, negated, sum = {.y = {1}, .z = {1}};
    const uint8_t *const s = signature + 32;
    memset(encoded, 0x66, sizeof encoded);
    encoded[0] = 0x58; /* the base point: y = 4/5 */
    if (!is_below_order(s) || !decode(&base, encoded) || !decode(&negated, key)) {
        return false;
    }
    subtract(negated.x, zero, negated.x);
    subtract(negated.t, zero, negated.t);

    sha512_context hash;
    sha512_begin(&hash);
    sha512_update(&hash, signature, 32);
    sha512_update(&hash, key, 32);
    sha512_update(&hash, message, count);
    sha512_end(&hash, digest);

    /* R = [s]B - [k]A. The digest is k: to reduce it by the order would change nothing, as the order of
     * A is the same. */
    for (uint32_t i = 512; i-- > 0u;) {
        add_point(&sum, &sum, &sum);
        if ((digest[i / 8u] >> i % 8u & 1) != 0) {
            add_point(&sum, &sum, &negated);
        }
        if (i < 256u && (s[i / 8u] >> i % 8u & 1) != 0) {
            add_point(&sum, &sum, &base);
        }
    }
    encode(encoded, &sum);
    return memcmp(encoded, signature, sizeof encoded) == 0;
}
