#include "lookup.h"
#include "lookup_add16.h"

/* Two words of K, entries of 16 rows. The middle fields of both words are summed together. */
__attribute__((naked)) void sbnn_lookup_add16_pair(__attribute__((unused)) const uint32_t *tables,
                                                   __attribute__((unused)) const uint32_t *w,
                                                   __attribute__((unused)) uint32_t stride,
                                                   __attribute__((unused)) uint32_t n,
                                                   __attribute__((unused)) uint32_t *sums) {
    __asm volatile(LOOKUP_ENTER("3", "4", "9") "ldm r2, {r1, r2}\n"                  /**/
                   LOOKUP_ENDS_TWO("r1", "8", "12", "20", "24", LOOKUP_START_TWO)    /**/
                   LOOKUP_SIX("r4", "r1", "9") LOOKUP_LOAD_TWO("r4", "r5", "16")     /**/
                   LOOKUP_SIX("r6", "r2", "9") LOOKUP_LOAD_TWO("r6", "r7", "36")     /**/
                   LOOKUP_BOTH LOOKUP_SUM_TWO                                        /**/
                       LOOKUP_ENDS_TWO("r2", "28", "32", "40", "44", LOOKUP_SUM_TWO) /**/
                   LOOKUP_STORE_TWO LOOKUP_NEXT);
}
