/* Products of a patch of bytes with four rows of weights, two of them in a word. */
#ifndef SBNN_KERNELS_STREAM_TERMS_H
#define SBNN_KERNELS_STREAM_TERMS_H

#include <stdint.h>

#define STREAM_ORIGIN 32768 /* added to a sum, which a halfword without sign then has */

typedef int32_t stream_term;

#define WINDOW_CONSTANTS 6u /* of a pair of channels, see sbnn_stream_window */
#define WINDOW_OUTPUTS 6u   /* whose terms are widened together */

/* Write the four sums of products.
 *   patch   [terms], bytes from -127 to 127
 *   w       two words for each term, see sbnn_stream_bytes
 *   terms   an even number, at least 2 */
void sbnn_stream_dots(const stream_term *patch, const uint32_t *w, uint32_t terms, int32_t sums[4]);

#endif
