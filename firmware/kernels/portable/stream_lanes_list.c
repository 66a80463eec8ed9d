#include "stream_lanes.h"

/* Numbers are the distances from the tables, in words. */
void sbnn_lanes_list(const uint32_t *x, uint32_t stride, uint32_t count,
                     __attribute__((unused)) const uint32_t *tables, uint32_t *list) {
    for (; count > 0u; count--, x += stride) {
        uint32_t word = *x;
        for (uint32_t field = 0; field < LANES_FIELDS; field++, word >>= 4) {
            *list++ = 64u * field + 4u * (word & 15u);
        }
    }
}
