/* Layers of the integer stream whose channels are lanes, see linear_stream.h.
 *
 * 32 channels are a group. Of a word of K four bits of a token, a field, are the index of an entry of
 * four words, with a nibble for each channel: the mismatches of the field and the channel's weights.
 * Nibble m of word s is bit 4 m + s of a word of weights. The tables are made of the weights, and all
 * tokens of a strip share them.
 *
 * At most three fields are added before the high nibbles are separated, as lookup.h has it. A token's
 * record has the sums of the high nibbles, four words, and then the sums of all, four words. The
 * channels are in an order in which bytes 0 and 2, then 1 and 3 of the low nibbles of word s, and
 * likewise of the high ones, are channels 8 s and 8 s + 1, and so on. A record counts at most
 * STREAM_CHUNK words of K. */
#ifndef SBNN_KERNELS_STREAM_LANES_H
#define SBNN_KERNELS_STREAM_LANES_H

#include "stream.h"

#define LANES_GROUP 32u   /* channels */
#define LANES_TABLES 512u /* words: 8 fields of 16 entries of 4 words */
#define LANES_FIELDS 8u
#define LANES_RECORD 8u /* words */
#define LANES_CONSTANTS 48u
#define LANES_LIMITS 10u

/* What makes the values of a group, see sbnn_stream_lanes. */
typedef struct {
    const uint32_t *records; /* of the first token */
    const uint32_t *constants;
    const int16_t *added;
    void *y;
    uint32_t shift;      /* values only */
    int32_t slope;       /* for bits the factor of the residual, a power of two */
    uint32_t step_added; /* bytes from token to token */
    uint32_t step_y;
    uint32_t skip; /* bytes from a record to that of the next words of K */
    uint32_t chunks;
    uint32_t tokens; /* at least 1 */
} lanes_values;

/* Make the tables of one word of K from its LANES_GROUP words of weights. */
void sbnn_lanes_tables(const uint32_t *w, uint32_t *tables);

/* Write where the entries of some words are, eight numbers for each, as sbnn_lanes_add reads them. */
void sbnn_lanes_list(const uint32_t *x, uint32_t stride, uint32_t count, const uint32_t *tables,
                     uint32_t *list);

/* Add the entries of some rows of `count` tokens, at least one, to their records.
 *   list      of a row; that of the next one begins `skip` bytes after its end
 *   records   one after the other */
void sbnn_lanes_add(const uint32_t *tables, const uint32_t *list, uint32_t *records, uint32_t count,
                    uint32_t rows, uint32_t skip);

/* Make values, of which those before the residual fit 16 bits; `far` ones need not. Or make bits. */
void sbnn_lanes_bits(const lanes_values *values);
void sbnn_lanes_near(const lanes_values *values);
void sbnn_lanes_far(const lanes_values *values);

#endif
