#include "lookup.h"
#include "lookup_add16.h"

/* Two words of K: the fields in pairs; the middle fields (bits 12 to 17) of both words form one
 * pair. */
__attribute__((naked)) void sbnn_lookup_add16_pair(__attribute__((unused)) const uint32_t *tables,
                                                   __attribute__((unused)) const uint32_t *w,
                                                   __attribute__((unused)) uint32_t stride,
                                                   __attribute__((unused)) uint32_t n,
                                                   __attribute__((unused)) uint32_t *sums) {
    __asm volatile(LOOKUP_ENTER          /**/
                   "add r2, r0, #2560\n" /* base 1 */
                   "add r3, r0, #4608\n" /* base 2 */
                   "1:\n"
                   "ldr lr, [r1]\n"
                   "ldm r12, {r8-r11}\n"                                      /**/
                   LOOKUP_TWO("0", "6", "r0", "-768", "6", "6", "r0", "-256") /**/
                   LOOKUP_PAIR LOOKUP_NEXT);
}
