#include "a64_ends.h"
#include "linear_a64.h"

enum { GROUP = 16, ENTRIES = 64 };

/* A table of 16 bits, for VTBL: the low bytes of its entries, and the high ones. */
typedef struct {
    uint8x16x4_t low;
    uint8x16x4_t high;
} entries;

static entries load(const uint16_t *table, uint32_t count) {
    uint8_t low[ENTRIES] = {0};
    uint8_t high[ENTRIES] = {0};
    for (uint32_t entry = 0; entry < count; entry++) {
        low[entry] = (uint8_t)table[entry];
        high[entry] = (uint8_t)(table[entry] >> 8);
    }
    return (entries){vld1q_u8_x4(low), vld1q_u8_x4(high)};
}

/* Of each 16 keys, byte by byte, that byte of all of them; missing keys are zeros. */
static void arrange(const uint32_t *keys, uint32_t n, uint32_t words, uint8_t *to) {
    for (uint32_t first = 0; first < n; first += GROUP) {
        for (uint32_t word = 0; word < words; word++, to += 4 * GROUP) {
            uint32_t column[GROUP];
            for (uint32_t j = 0; j < GROUP; j++) {
                column[j] = first + j < n ? keys[(first + j) * words + word] : 0u;
            }
            const uint8x16x4_t bytes = vld4q_u8((const uint8_t *)column);
            vst1q_u8_x4(to, bytes);
        }
    }
}

/* The entries of a query: of each 16 keys their low bytes, then the high ones. Lanes of missing keys
 * have no entry. Returns the sum of all entries. */
static uint64_t look_up(const uint8_t *query, const uint8_t *keys, uint32_t n, uint32_t bytes,
                        const entries *table, uint8x16_t missing, uint8_t *found) {
    uint32x4_t low_sum = vdupq_n_u32(0);
    uint32x4_t high_sum = vdupq_n_u32(0);
    for (uint32_t first = 0; first < n; first += GROUP, found += 2 * GROUP) {
        uint8x16_t count = first + GROUP > n ? missing : vdupq_n_u8(0);
        for (uint32_t byte = 0; byte < bytes; byte++, keys += GROUP) {
            count = vaddq_u8(count, vcntq_u8(veorq_u8(vld1q_dup_u8(query + byte), vld1q_u8(keys))));
        }
        const uint8x16_t low = vqtbl4q_u8(table->low, count);
        const uint8x16_t high = vqtbl4q_u8(table->high, count);
        low_sum = vpadalq_u16(low_sum, vpaddlq_u8(low));
        high_sum = vpadalq_u16(high_sum, vpaddlq_u8(high));
        vst1q_u8(found, low);
        vst1q_u8(found + GROUP, high);
    }
    return vaddlvq_u32(low_sum) + (vaddlvq_u32(high_sum) << 8);
}

/* Masks of the entries of 16 keys that reach the limit. */
static inline uint8x16_t reach(const uint8_t *found, uint16x8_t limit) {
    const uint8x16_t low = vld1q_u8(found);
    const uint8x16_t high = vld1q_u8(found + GROUP);
    const uint16x8_t first = vcgeq_u16(vreinterpretq_u16_u8(vzip1q_u8(low, high)), limit);
    const uint16x8_t second = vcgeq_u16(vreinterpretq_u16_u8(vzip2q_u8(low, high)), limit);
    return vuzp1q_u8(vreinterpretq_u8_u16(first), vreinterpretq_u8_u16(second));
}

void sbnn_a64_scores_map(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *queries,
                         const uint32_t *keys, const uint16_t *table, const int32_t *ratio,
                         void *workspace, uint32_t *y) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t groups = (n + GROUP - 1u) / GROUP;
    const uint32_t tail = n % 32u == 0u ? 0xFFFFFFFFu : (1u << n % 32u) - 1u;
    uint8_t *const arranged = workspace;
    uint8_t *const found = arranged + groups * GROUP * 4u * words;
    /* An index beyond the table, from which no count returns to it. */
    uint8_t absent[GROUP];
    for (uint32_t j = 0; j < GROUP; j++) {
        absent[j] = j < n % GROUP ? 0 : 2 * ENTRIES;
    }
    const uint8x16_t missing = vld1q_u8(absent);
    const uint8x16_t place = a64_place();
    for (uint32_t head = 0; head < heads; head++) {
        const entries own = load(table + head * (k + 1u), k + 1u);
        arrange(keys + head * n * words, n, words, arranged);
        for (uint32_t i = 0; i < m; i++, queries += words) {
            const uint64_t total =
                look_up((const uint8_t *)queries, arranged, n, 4u * words, &own, missing, found);
            const uint64_t least = ((uint64_t)ratio[head] * total + 0xFFFFu) >> 16;
            const uint16x8_t limit = vdupq_n_u16((uint16_t)least);
            for (uint32_t first = 0; first < groups; first += 2u, y++) {
                const uint8_t *const at = found + first * 2u * GROUP;
                const uint8x16_t low = reach(at, limit);
                const uint8x16_t high =
                    first + 1u < groups ? reach(at + 2 * GROUP, limit) : vdupq_n_u8(0);
                *y = least > 0xFFFFu ? 0u : a64_word(low, high, place);
            }
            y[-1] &= tail;
        }
    }
}
