#include "attend.h"
#include "linear_attend.h"

#include <string.h>

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

void sbnn_scores_map_attend(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *queries,
                            const uint32_t *keys, const int32_t *table, const float *ratio,
                            void *workspace, uint32_t *y) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t words_out = (n + 31u) / 32u;
    int32_t *const entries = (int32_t *)workspace + 2u * ATTEND_TABLE + ATTEND_COUNTS * n;
    int32_t *const values = entries + k + 2u;
    for (; heads > 0u; heads--) {
        values[-1] = INT32_MAX;
        for (uint32_t count = 0; count <= k; count++) {
            entries[count] = table[k - count];
            values[count] = bits_of((float)entries[count]);
        }
        values[k + 1u] = INT32_MIN;
        uint32_t limit = k / 2u;
        uint32_t rows = 0;
        for (uint32_t first = 0; first < m; first += rows) {
            rows = m - first < ATTEND_ROWS ? m - first : ATTEND_ROWS;
            const uint32_t *const counts =
                sbnn_attend_count(rows, n, k, queries, keys, (uint32_t *)workspace);
            uint32_t totals[ATTEND_ROWS];
            uint32_t limits[ATTEND_COUNTS] = {0};
            sbnn_attend_totals(counts, n, entries, totals);
            for (uint32_t row = 0; row < rows; row++) {
                const float share = *ratio * (float)(int32_t)totals[row];
                /* Every entry reaches a share below 0, and none one that is not a number. */
                const int32_t least = share > 0.0f ? bits_of(share) : 0;
                limit = share == share ? limit_of(values, least, limit) : 0u;
                limits[attend_word(row)] |= limit << attend_shift(row);
            }
            sbnn_attend_bits(counts, n, limits, rows, y);
            queries += rows * words;
            y += rows * words_out;
        }
        keys += n * words;
        table += k + 1u;
        ratio++;
    }
}
