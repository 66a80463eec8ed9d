#include "lookup.h"
#include "lookup_add8.h"

/* Two words of K: the fields in pairs; the middle fields (bits 12 to 17) of both words form one
 * pair. */
__attribute__((naked)) void sbnn_lookup_add8_pair(__attribute__((unused)) const uint32_t *tables,
                                                  __attribute__((unused)) const uint32_t *w,
                                                  __attribute__((unused)) uint32_t stride,
                                                  __attribute__((unused)) uint32_t n,
                                                  __attribute__((unused)) uint32_t *sums) {
    __asm volatile(LOOKUP_ENTER /**/
                   "1:\n"
                   "ldr lr, [r1]\n"
                   "ldrd r6, r7, [r12]\n"                                                        /**/
                   LOOKUP_FIRST("r4", "0", "6", "r0") LOOKUP_FIRST("r5", "6", "6", "r2")         /**/
                   LOOKUP_BOTH                                                                   /**/
                       LOOKUP_FIRST("r4", "18", "7", "r8") LOOKUP_FIRST("r5", "25", "7", "r9")   /**/
                   LOOKUP_BOTH                                                                   /**/
                       LOOKUP_FIRST("r4", "12", "6", "r3")                                       /**/
                   "ldr lr, [r1, #4]\n"                                                          /**/
                   LOOKUP_SECOND("r5", "12", "6", "r3")                                          /**/
                   LOOKUP_BOTH                                                                   /**/
                       LOOKUP_SECOND("r4", "0", "6", "r0") LOOKUP_SECOND("r5", "6", "6", "r2")   /**/
                   LOOKUP_BOTH                                                                   /**/
                       LOOKUP_SECOND("r4", "18", "7", "r8") LOOKUP_SECOND("r5", "25", "7", "r9") /**/
                   LOOKUP_BOTH LOOKUP_NEXT);
}
