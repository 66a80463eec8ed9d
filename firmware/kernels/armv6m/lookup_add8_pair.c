#include "lookup.h"
#include "lookup_add8.h"

/* Two words of K, entries of 8 rows. The middle fields of both words are summed together. */
__attribute__((naked)) void sbnn_lookup_add8_pair(__attribute__((unused)) const uint32_t *tables,
                                                  __attribute__((unused)) const uint32_t *w,
                                                  __attribute__((unused)) uint32_t stride,
                                                  __attribute__((unused)) uint32_t n,
                                                  __attribute__((unused)) uint32_t *sums) {
    __asm volatile(LOOKUP_ENTER("2", "3", "8") "ldm r2, {r1, r2}\n"          /**/
                   LOOKUP_ENDS("r1", "8", "12", "20", "24", LOOKUP_START)    /**/
                   LOOKUP_SIX("r4", "r1", "10") LOOKUP_LOAD("r4", "16")      /**/
                   LOOKUP_SIX("r5", "r2", "10") LOOKUP_LOAD("r5", "36")      /**/
                   "adds r4, r4, r5\n" LOOKUP_SUM                            /**/
                       LOOKUP_ENDS("r2", "28", "32", "40", "44", LOOKUP_SUM) /**/
                   LOOKUP_STORE LOOKUP_NEXT);
}
