#include "lookup_add16.h"
#include "lookup.h"

/* One word of K: the fields in pairs, then the middle field (bits 12 to 17) alone. */
__attribute__((naked)) void sbnn_lookup_add16(__attribute__((unused)) const uint32_t *tables,
                                              __attribute__((unused)) const uint32_t *w,
                                              __attribute__((unused)) uint32_t stride,
                                              __attribute__((unused)) uint32_t n,
                                              __attribute__((unused)) uint32_t *sums) {
    __asm volatile(LOOKUP_ENTER          /**/
                   "add r2, r0, #2560\n" /* base 1 */
                   "1:\n"
                   "ldr lr, [r1]\n"
                   "ldm r12, {r8-r11}\n"                                       /**/
                   LOOKUP_TWO("0", "6", "r0", "-768", "6", "6", "r0", "-256")  /**/
                   LOOKUP_TWO("18", "7", "r0", "768", "25", "7", "r2", "-768") /**/
                   LOOKUP_ENTRY("r4", "r5", "12", "6", "r0", "256")            /**/
                   LOOKUP_SUM LOOKUP_NEXT);
}
