/* The bytes of a row that the patches of a stem are cut from. */
#ifndef SBNN_KERNELS_STREAM_STEM_TERMS_H
#define SBNN_KERNELS_STREAM_STEM_TERMS_H

#include <stdint.h>
#include <string.h>

typedef int8_t stem_term;

#define STEM_PATCH_BYTES 2u /* of a term in a patch */

/* Append `count` bytes to a row. */
static inline stem_term *stem_appended(stem_term *to, const int8_t *x, uint32_t count) {
    memcpy(to, x, count);
    return to + count;
}

#endif
