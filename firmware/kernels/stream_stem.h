/* A layer of bytes whose patches are cut from a few rows, see sbnn_stream_stem. */
#ifndef SBNN_KERNELS_STREAM_STEM_H
#define SBNN_KERNELS_STREAM_STEM_H

#include "stream.h"
#include "stream_stem_terms.h"

#define STEM_CHANNELS 4u
#define STEM_TERMS 12u    /* of a turn of the loop */
#define STEM_CONSTANTS 6u /* words */

/* What makes the values of a token. */
typedef struct {
    uint32_t *patch; /* two terms in a word, if they are gathered */
    const uint32_t *w;
    const uint32_t *constants;
    uint32_t terms;
    uint32_t pre;
    uint32_t shift;
    int32_t slope;
    uint32_t n;
    uint32_t row;   /* terms from one row of taps to the next */
    uint32_t fours; /* groups of four terms in a row of taps */
    uint32_t half;  /* what rounds a sum */
} stream_stem;

/* Make the values of the token whose first tap is at x. */
void sbnn_stem_token(const stream_stem *stem, const stem_term *x, int16_t *y);

#endif
