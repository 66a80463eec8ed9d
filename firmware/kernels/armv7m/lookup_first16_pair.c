#include "lookup_add16.h"
#include "lookup_first.h"

/* sbnn_lookup_add16_pair, where the first two entries start the sums. */
__attribute__((naked)) void sbnn_lookup_first16_pair(__attribute__((unused)) const uint32_t *tables,
                                                     __attribute__((unused)) const uint32_t *w,
                                                     __attribute__((unused)) uint32_t stride,
                                                     __attribute__((unused)) uint32_t n,
                                                     __attribute__((unused)) uint32_t *sums) {
    __asm volatile(LOOKUP_ENTER          /**/
                   "add r2, r0, #2560\n" /* base 1 */
                   "add r3, r0, #4608\n" /* base 2 */
                   "1:\n"                /**/
                   "ldr lr, [r1]\n"      /**/
                   LOOKUP_START LOOKUP_PAIR LOOKUP_NEXT);
}
