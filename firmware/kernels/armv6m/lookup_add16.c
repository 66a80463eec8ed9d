#include "lookup_add16.h"
#include "lookup.h"

/* One word of K, entries of 16 rows. The middle field (bits 12 to 17: shift 9 for 8-byte entries) is
 * summed alone. */
__attribute__((naked)) void sbnn_lookup_add16(__attribute__((unused)) const uint32_t *tables,
                                              __attribute__((unused)) const uint32_t *w,
                                              __attribute__((unused)) uint32_t stride,
                                              __attribute__((unused)) uint32_t n,
                                              __attribute__((unused)) uint32_t *sums) {
    __asm volatile(LOOKUP_ENTER("3", "4", "9") "ldr r1, [r2]\n"                   /**/
                   LOOKUP_ENDS_TWO("r1", "8", "12", "20", "24", LOOKUP_START_TWO) /**/
                   LOOKUP_SIX("r4", "r1", "9") LOOKUP_LOAD_TWO("r4", "r5", "16")  /**/
                   LOOKUP_SUM_TWO LOOKUP_STORE_TWO LOOKUP_NEXT);
}
