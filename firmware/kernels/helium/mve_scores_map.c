#include "linear_mve.h"
#include "mve.h"

#include <arm_mve.h>

#define KEYS 16u /* the keys of a group, whose bits are a halfword */

/* What a row of a head's map needs. */
typedef struct {
    const uint32_t *keys; /* in the order of lay_out */
    const int32_t *table;
    uint32_t groups;
    uint32_t pads;    /* keys of the last group that do not exist */
    int32_t *entries; /* [groups * KEYS], in the order of the keys' vectors */
} head;

/* Of each group, of each word, vector v has keys v, v + 4, v + 8 and v + 12; missing keys are zeros. */
static void lay_out(const uint32_t *keys, uint32_t n, uint32_t words, uint32_t *to) {
    for (uint32_t first = 0; first < n; first += KEYS) {
        for (uint32_t word = 0; word < words; word++) {
            for (uint32_t i = 0; i < KEYS; i++) {
                const uint32_t key = first + i;
                to[i % 4u * 4u + i / 4u] = key < n ? keys[key * words + word] : 0u;
            }
            to += KEYS;
        }
    }
}

static inline uint8x16_t ones(uint32x4_t keys, uint32_t query) {
    const uint32x4_t both = veorq_u32(keys, vdupq_n_u32(query));
    return vldrbq_gather_offset_u8(sbnn_mve_ones, vreinterpretq_u8_u32(both));
}

/* Store all entries of a row, and return their sum. The four bytes of a count together fit a byte. The
 * loop over the words has none where the compiler knows that there is one. */
__attribute__((always_inline)) static inline int32_t total_of(const head *now, const uint32_t *query,
                                                              uint32_t words) {
    const uint32_t *keys = now->keys;
    const int32_t *const table = now->table;
    int32_t *entries = now->entries;
    int32_t total = 0;
    for (uint32_t left = now->groups; left > 0u; left--) {
        for (uint32_t v = 0; v < 4u; v++) {
            uint8x16_t bytes = ones(vld1q_u32(keys), query[0]);
            for (uint32_t word = 1; word < words; word++) {
                bytes = vaddq_u8(bytes, ones(vld1q_u32(keys + word * KEYS), query[word]));
            }
            const uint32x4_t sums = vmulq_n_u32(vreinterpretq_u32_u8(bytes), 0x01010101u);
            const int32x4_t found = vldrwq_gather_shifted_offset_s32(table, vshrq_n_u32(sums, 24));
            vst1q_s32(entries, found);
            total = vaddvaq_s32(total, found);
            keys += 4;
            entries += 4;
        }
        keys += (words - 1u) * KEYS;
    }
    /* All keys that do not exist have the entry of the last one. */
    return now->pads ? total - (int32_t)now->pads * entries[-1] : total;
}

/* ratio * total / 65536, rounded up. */
static int32_t limit_of(int32_t ratio, int32_t total) {
    const uint32_t low = (uint32_t)ratio * ((uint32_t)total & 0xFFFFu);
    return ratio * (total >> 16) + (int32_t)((low + 0xFFFFu) >> 16);
}

static inline int32x4_t above(const int32_t *entries, int32_t limit) {
    return vsubq_n_s32(vld1q_s32(entries), limit);
}

/* The bits of 16 entries. Narrowing puts the vectors into each other's gaps, so that the bytes are in
 * the order of the keys; it saturates, which keeps signs. */
static inline uint16_t reached(const int32_t *entries, int32_t limit) {
    const int16x8_t even =
        vqmovntq_s32(vqmovnbq_s32(vdupq_n_s16(0), above(entries, limit)), above(entries + 8, limit));
    const int16x8_t odd = vqmovntq_s32(vqmovnbq_s32(vdupq_n_s16(0), above(entries + 4, limit)),
                                       above(entries + 12, limit));
    const int8x16_t all = vqmovntq_s16(vqmovnbq_s16(vdupq_n_s8(0), even), odd);
    return (uint16_t)vcmpgeq_n_s8(all, 0);
}

void sbnn_mve_scores_map(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *queries,
                         const uint32_t *keys, const int32_t *table, const int32_t *ratio,
                         void *workspace, uint32_t *y) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t groups = (n + KEYS - 1u) / KEYS;
    int32_t *const entries = workspace;
    uint32_t *const copy = (uint32_t *)workspace + groups * KEYS;
    uint16_t *to = (uint16_t *)(void *)y;
    head now = {copy, table, groups, groups * KEYS - n, entries};
    for (; heads > 0u; heads--) {
        lay_out(keys, n, words, copy);
        for (uint32_t row = m; row > 0u; row--) {
            const int32_t total =
                words == 1u ? total_of(&now, queries, 1) : total_of(&now, queries, words);
            const int32_t limit = limit_of(*ratio, total);
            for (uint32_t group = 0; group < groups; group++) {
                *to++ = reached(entries + group * KEYS, limit);
            }
            to[-1] &= (uint16_t)(0xFFFFu >> now.pads);
            if (groups % 2u) {
                *to++ = 0;
            }
            queries += words;
        }
        keys += n * words;
        ratio++;
        now.table += k + 1u;
    }
}
