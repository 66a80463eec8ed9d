#include "helium.h"
#include "linear_helium.h"

/* Up to this many remaining queries are counted singly: tables would cost more. */
#define FEW 4u

/* The data of one head. */
typedef struct {
    uint32_t n;
    uint32_t k;
    const int32_t *table;
    float ratio;
    uint8_t *low; /* the low and high bytes of the table, indexed by mismatches */
    uint8_t *high;
} head;

/* The number of mismatches from which on the output bit is 0, by binary search: the table's entries
 * never increase with the number of mismatches. */
static uint32_t limit_of(const head *now, uint32_t total) {
    const float least = now->ratio * (float)(int32_t)total;
    uint32_t enough = 0;
    uint32_t end = now->k + 1u;
    while (enough < end) {
        const uint32_t middle = (enough + end) / 2u;
        if ((float)now->table[now->k - middle] >= least) {
            enough = middle + 1u;
        } else {
            end = middle;
        }
    }
    return enough;
}

/* The map of up to 32 queries: count the mismatches with all keys, add up each row's table entries,
 * derive each row's limit from its total, compare. */
static void block(const head *now, uint32_t rows, const uint32_t *queries, const uint32_t *keys,
                  uint8_t *workspace, uint32_t *y) {
    uint32_t totals[HELIUM_ROWS];
    uint8_t limits[HELIUM_ROWS] = {0};
    const helium_counts counts = sbnn_helium_count(rows, now->n, now->k, queries, keys, workspace);
    sbnn_helium_settle(&counts);
    sbnn_helium_totals(&counts, now->low, now->high, totals);
    for (uint32_t row = 0; row < rows; row++) {
        limits[row] = (uint8_t)limit_of(now, totals[row]);
    }
    sbnn_helium_threshold_rows(&counts, limits, y);
}

/* The number of ones, by adding neighbouring bits, pairs, nibbles and bytes: the core has no
 * instruction that counts them. */
static uint32_t ones(uint32_t word) {
    word -= word >> 1 & 0x55555555u;
    word = (word & 0x33333333u) + (word >> 2 & 0x33333333u);
    return ((word + (word >> 4)) & 0x0F0F0F0Fu) * 0x01010101u >> 24;
}

/* The map of a single query, without tables. */
static void one(const head *now, const uint32_t *query, const uint32_t *keys, uint8_t *counts,
                uint32_t *y) {
    const uint32_t words = (now->k + 31u) / 32u;
    uint32_t total = 0;
    for (uint32_t j = 0; j < now->n; j++) {
        uint32_t count = 0;
        for (uint32_t word = 0; word < words; word++) {
            count += ones(query[word] ^ *keys++);
        }
        counts[j] = (uint8_t)count;
        total += (uint32_t)now->table[now->k - count];
    }
    const uint32_t limit = limit_of(now, total);
    for (uint32_t first = 0; first < now->n; first += 32u) {
        const uint32_t outputs = now->n - first < 32u ? now->n - first : 32u;
        uint32_t bits = 0;
        for (uint32_t j = outputs; j-- > 0u;) {
            bits = bits << 1 | (uint32_t)(counts[first + j] < limit);
        }
        *y++ = bits;
    }
}

void sbnn_scores_map_helium(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *queries,
                            const uint32_t *keys, const int32_t *table, const float *ratio,
                            void *workspace, uint32_t *y) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t words_out = (n + 31u) / 32u;
    uint8_t *const low = (uint8_t *)workspace + sbnn_helium_workspace_bytes(n, k);
    head now = {n, k, table, 0, low, low + HELIUM_SCORES};
    for (; heads > 0u; heads--) {
        now.ratio = *ratio++;
        for (uint32_t count = 0; count <= k; count++) {
            now.low[count] = (uint8_t)now.table[k - count];
            now.high[count] = (uint8_t)(now.table[k - count] >> 8);
        }
        uint32_t left = m;
        while (left > FEW) {
            const uint32_t rows = left < HELIUM_ROWS ? left : HELIUM_ROWS;
            block(&now, rows, queries, keys, workspace, y);
            queries += rows * words;
            y += rows * words_out;
            left -= rows;
        }
        for (; left > 0u; left--) {
            one(&now, queries, keys, workspace, y);
            queries += words;
            y += words_out;
        }
        keys += n * words;
        now.table += k + 1u;
    }
}
