#include "lookup_add8.h"
#include "lookup.h"

/* One word of K, entries of 8 rows. The middle field (bits 12 to 17: shift 10 for 4-byte entries) is
 * summed alone. */
__attribute__((naked)) void sbnn_lookup_add8(__attribute__((unused)) const uint32_t *tables,
                                             __attribute__((unused)) const uint32_t *w,
                                             __attribute__((unused)) uint32_t stride,
                                             __attribute__((unused)) uint32_t n,
                                             __attribute__((unused)) uint32_t *sums) {
    __asm volatile(LOOKUP_ENTER("2", "3", "8") "ldr r1, [r2]\n"           /**/
                   LOOKUP_ENDS("r1", "8", "12", "20", "24", LOOKUP_START) /**/
                   LOOKUP_SIX("r4", "r1", "10") LOOKUP_LOAD("r4", "16")   /**/
                   LOOKUP_SUM LOOKUP_STORE LOOKUP_NEXT);
}
