#include "linear_stream.h"
#include "stream.h"

#define TOP 0x80808080u

/* The share of a row's total that an entry must reach, rounded up. The total is split in two halves, so
 * that all products fit 32 bits. */
static uint32_t share(uint32_t ratio, uint32_t total) {
    return ratio * (total >> 16) + ((ratio * (total & 0xFFFFu) + 0xFFFFu) >> 16);
}

/* The number of mismatches from which on the bit is 0: entries do not increase with them. */
static uint32_t limit_of(const uint16_t *table, uint32_t k, uint32_t least) {
    uint32_t enough = 0;
    uint32_t end = k + 1u;
    while (enough < end) {
        const uint32_t middle = (enough + end) / 2u;
        if (table[middle] >= least) {
            enough = middle + 1u;
        } else {
            end = middle;
        }
    }
    return enough;
}

/* The sum of the entries of one query, whose mismatches with the keys are STREAM_COUNTS words apart. */
static uint32_t total_of(const uint16_t *table, const uint8_t *counts, uint32_t n) {
    const uint32_t step = STREAM_COUNTS * sizeof(uint32_t);
    uint32_t total = 0;
    for (const uint8_t *const end = counts + n * step; counts != end; counts += 8u * step) {
        total += table[counts[0]];
        total += table[counts[step]];
        total += table[counts[2u * step]];
        total += table[counts[3u * step]];
        total += table[counts[4u * step]];
        total += table[counts[5u * step]];
        total += table[counts[6u * step]];
        total += table[counts[7u * step]];
    }
    return total;
}

/* The bits of four queries and eight keys: byte t has those of query t. The mismatches and the limits
 * are less than 128, so that nothing is borrowed from the next byte. */
static uint32_t bits_of(const uint32_t *counts, uint32_t limits) {
    uint32_t bits = 0;
    for (const uint32_t *const end = counts + 8u * STREAM_COUNTS; counts != end;
         counts += STREAM_COUNTS) {
        bits = bits >> 1 | (((*counts | TOP) - limits) & TOP);
    }
    return ~bits;
}

/* The map of up to eight queries. */
static void block(uint32_t rows, uint32_t n, uint32_t k, const uint32_t *queries, const uint32_t *keys,
                  const uint16_t *table, uint32_t ratio, uint32_t *workspace, uint8_t *y) {
    uint32_t *const sums = workspace + STREAM_ENTRIES;
    sbnn_stream_clear(sums, n);
    sbnn_stream_tables(queries, 1, rows, workspace);
    sbnn_stream_add(workspace, keys, n, sums);
    for (uint32_t *pair = sums; pair != sums + STREAM_COUNTS * n; pair += STREAM_COUNTS) {
        pair[0] -= pair[1] << 4;
    }
    /* Of a pair, word 0 has the even queries and word 1 the odd ones. */
    for (uint32_t odd = 0; odd < 2u && odd < rows; odd++) {
        uint32_t limits = 0;
        for (uint32_t row = odd; row < rows; row += 2u) {
            const uint8_t *const counts = (const uint8_t *)(sums + odd) + row / 2u;
            const uint32_t least = share(ratio, total_of(table, counts, n));
            limits |= limit_of(table, k, least) << (row / 2u * 8u);
        }
        for (uint32_t key = 0; key < n; key += 8u) {
            uint32_t bits = bits_of(sums + STREAM_COUNTS * key + odd, limits);
            uint8_t *to = y + (odd * n + key) / 8u;
            for (uint32_t row = odd; row < rows; row += 2u, bits >>= 8, to += n / 4u) {
                *to = (uint8_t)bits;
            }
        }
    }
}

void sbnn_stream_scores(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *queries,
                        const uint32_t *keys, const uint16_t *table, const int32_t *ratio,
                        void *workspace, uint32_t *y) {
    for (uint32_t head = 0; head < heads; head++, keys += n, table += k + 1u, ratio++) {
        for (uint32_t first = 0; first < m; first += STREAM_ROWS) {
            const uint32_t rows = m - first < STREAM_ROWS ? m - first : STREAM_ROWS;
            block(rows, n, k, queries, keys, table, (uint32_t)*ratio, workspace, (uint8_t *)y);
            queries += rows;
            y += rows * (n / 32u);
        }
    }
}
