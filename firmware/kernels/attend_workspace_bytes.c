#include "attend.h"
#include "linear_attend.h"

/* The tables of two words of K, the counts, and the entries by count: as they are, and as floats
 * between two bounds. */
uint32_t sbnn_attend_workspace_bytes(uint32_t counted, uint32_t k) {
    const uint32_t words = 2u * ATTEND_TABLE + ATTEND_COUNTS * counted + 2u * (k + 1u) + 2u;
    return words * (uint32_t)sizeof(uint32_t);
}
