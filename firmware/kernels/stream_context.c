#include "linear_stream.h"
#include "stream_lanes.h"

/* Separate the sums of the low nibbles of a record from those of the high ones, and return it. */
static const uint32_t *settled(uint32_t *record) {
    for (uint32_t s = 0; s < 4u; s++) {
        record[4u + s] -= record[s] << 4;
    }
    return record;
}

/* Of the mismatches of the attended tokens and a channel's values, the bits are what their number and
 * the threshold leave. Bit 4 m + s is nibble m of word s: bytes of the low nibbles are eight bits
 * apart, and four bits after them come those of the high ones. Byte by byte nothing is borrowed. */
static uint32_t bits_of(const uint32_t *record, const uint32_t *most) {
    uint32_t bits = 0;
    for (uint32_t s = 0; s < 4u; s++) {
        bits |= ((most[4u + s] - record[4u + s]) & 0x80808080u) >> (7u - s);
        bits |= ((most[s] - record[s]) & 0x80808080u) >> (3u - s);
    }
    return bits;
}

void sbnn_stream_context(uint32_t heads, uint32_t m, uint32_t k, const uint32_t *map,
                         const uint32_t *values, const uint32_t *limits, void *workspace, uint32_t *y) {
    static const uint32_t nothing = 0;
    uint32_t *const tables = workspace;
    uint32_t *const records = tables + LANES_TABLES;
    uint32_t *const list = records + (m + 1u) * LANES_RECORD;
    const uint32_t words = k / 32u;
    for (uint32_t head = 0; head < heads; head++, limits += LANES_LIMITS) {
        sbnn_stream_clear(records, (m + 1u) * (LANES_RECORD / STREAM_COUNTS));
        for (uint32_t word = 0; word < words; word++, values += LANES_GROUP) {
            /* Where nothing is attended, all ones mismatch. */
            sbnn_lanes_list(&nothing, 0, 1, tables, list);
            sbnn_lanes_list(map + word, words, m, tables, list + LANES_FIELDS);
            sbnn_lanes_tables(values, tables);
            sbnn_lanes_add(tables, list, records, m + 1u, 1, 0);
        }
        map += m * words;
        const uint32_t *const ones = settled(records);
        uint32_t most[LANES_RECORD];
        for (uint32_t i = 0; i < LANES_RECORD; i++) {
            most[i] = limits[i] + ones[i];
        }
        uint32_t *to = y + head;
        for (uint32_t i = 1; i <= m; i++, to += heads) {
            const uint32_t *const record = settled(records + i * LANES_RECORD);
            *to = (bits_of(record, most) & limits[LANES_RECORD]) | limits[LANES_RECORD + 1u];
        }
    }
}
