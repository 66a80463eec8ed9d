#include "attend.h"
#include "linear_attend.h"

#include <string.h>

#define NEGATIVE_INFINITY 0xFF800000u /* its bits */

/* Up to so many remaining queries are counted singly: tables would cost more. They cost the same for
 * few keys as for many. */
static uint32_t few(uint32_t keys) {
    return 3u + 64u / keys;
}

/* The bits of a float as an integer: those of floats that are not negative are in the same order. */
static int32_t bits_of(float value) {
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The number of mismatches from which on the bit is 0. `values` has the bits of the entries as floats,
 * which do not increase with the mismatches, between a larger and a smaller value than all. The limits
 * of neighbouring queries are close together, so the search starts from the last one. */
static uint32_t limit_of(const int32_t *values, int32_t least, uint32_t limit) {
    const int32_t *value = values + limit;
    while (*value >= least) {
        value++;
    }
    while (value[-1] < least) {
        value--;
    }
    return (uint32_t)(value - values);
}

/* The data of one head. */
typedef struct {
    uint32_t n;
    uint32_t k;
    float ratio;
    const int32_t *entries; /* the table, by mismatches */
    const int32_t *values;
} attend_head;

/* Every entry reaches a share below 0, and none one that is not a number: such a share has larger bits
 * than infinity, with either sign. */
static uint32_t limit_after(const attend_head *head, uint32_t total, uint32_t limit) {
    const int32_t share = bits_of(head->ratio * (float)(int32_t)total);
    if ((uint32_t)share > NEGATIVE_INFINITY) {
        return 0;
    }
    return limit_of(head->values, share > 0 ? share : 0, limit);
}

/* The map of up to 16 queries. Returns the last limit. */
static uint32_t block(const attend_head *head, uint32_t rows, const uint32_t *queries,
                      const uint32_t *keys, uint32_t limit, uint32_t *workspace, uint32_t *y) {
    const uint32_t *const counts = sbnn_attend_count(rows, head->n, head->k, queries, keys, workspace);
    uint32_t totals[ATTEND_ROWS];
    uint32_t limits[ATTEND_COUNTS];
    sbnn_attend_totals(counts, head->n, head->entries, totals);
    for (uint32_t word = 0; word < ATTEND_COUNTS; word++) {
        uint32_t bytes = 0;
#pragma GCC unroll 4
        for (uint32_t byte = 4u; byte-- > 0u;) {
            limit = limit_after(head, totals[4u * word + byte], limit);
            bytes = bytes << 8 | limit;
        }
        limits[word] = bytes;
    }
    sbnn_attend_bits(counts, head->n, limits, rows, y);
    return limit;
}

/* The number of ones, by adding neighbouring bits, pairs, nibbles and bytes. */
static uint32_t ones(uint32_t word) {
    word -= word >> 1 & 0x55555555u;
    word = (word & 0x33333333u) + (word >> 2 & 0x33333333u);
    return ((word + (word >> 4)) & 0x0F0F0F0Fu) * 0x01010101u >> 24;
}

/* The map of a single query, without tables. Returns the limit. */
static uint32_t one(const attend_head *head, const uint32_t *query, const uint32_t *keys,
                    uint32_t limit, uint8_t *counts, uint32_t *y) {
    const uint32_t words = (head->k + 31u) / 32u;
    uint32_t total = 0;
    for (uint32_t j = 0; j < head->n; j++) {
        uint32_t count = ones(query[0] ^ *keys++);
        for (uint32_t word = 1; word < words; word++) {
            count += ones(query[word] ^ *keys++);
        }
        counts[j] = (uint8_t)count;
        total += (uint32_t)head->entries[count];
    }
    limit = limit_after(head, total, limit);
    for (uint32_t first = 0; first < head->n; first += 32u) {
        const uint32_t outputs = head->n - first < 32u ? head->n - first : 32u;
        uint32_t bits = 0;
        for (uint32_t j = outputs; j-- > 0u;) {
            bits = bits << 1 | (uint32_t)(counts[first + j] < limit);
        }
        *y++ = bits;
    }
    return limit;
}

void sbnn_scores_map_attend(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *queries,
                            const uint32_t *keys, const int32_t *table, const float *ratio,
                            void *workspace, uint32_t *y) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t words_out = (n + 31u) / 32u;
    int32_t *const entries = (int32_t *)workspace + 2u * ATTEND_TABLE + ATTEND_COUNTS * n;
    int32_t *const values = entries + k + 2u;
    attend_head head = {n, k, 0, entries, values};
    for (; heads > 0u; heads--) {
        head.ratio = *ratio++;
        values[-1] = INT32_MAX;
        for (uint32_t count = 0; count <= k; count++) {
            entries[count] = table[k - count];
            values[count] = bits_of((float)entries[count]);
        }
        values[k + 1u] = INT32_MIN;
        uint32_t limit = k / 2u;
        uint32_t left = m;
        while (left > few(n)) {
            const uint32_t rows = left < ATTEND_ROWS ? left : ATTEND_ROWS;
            limit = block(&head, rows, queries, keys, limit, (uint32_t *)workspace, y);
            queries += rows * words;
            y += rows * words_out;
            left -= rows;
        }
        for (; left > 0u; left--) {
            limit = one(&head, queries, keys, limit, (uint8_t *)workspace, y);
            queries += words;
            y += words_out;
        }
        keys += n * words;
        table += k + 1u;
    }
}
